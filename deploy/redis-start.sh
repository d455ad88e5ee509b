#!/bin/sh
# Becomes a Redis whose only users are those of redis.acl, with the passwords that the environment names.
set -eu
rules=${REDIS_ACL:-/etc/cutoff/redis.acl}
users=${REDIS_USERS:-/tmp/users.acl}

for name in NODE_PASSWORD WORKER_PASSWORD BEAT_PASSWORD; do
  eval "password=\${$name:-}"
  # Part of a rule, of an address and of a sed command: a character that means something there has no place in it.
  case $password in
    '' | *[!A-Za-z0-9]*)
      echo "$name: must be letters and digits, and at least one." >&2
      exit 1
      ;;
  esac
done

umask 077
sed "s/>NODE_PASSWORD/>$NODE_PASSWORD/; s/>WORKER_PASSWORD/>$WORKER_PASSWORD/; s/>BEAT_PASSWORD/>$BEAT_PASSWORD/" \
  <"$rules" >"$users"
unset NODE_PASSWORD WORKER_PASSWORD BEAT_PASSWORD password
exec redis-server "$@" --aclfile "$users"
