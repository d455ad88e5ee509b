"""Redis: there, new enough, and what is published on the close channel arrives, with the rights that this process has."""

from collections.abc import Iterator
from contextlib import ExitStack

from redis import Redis
from redis.client import PubSub
from redis.exceptions import NoPermissionError, RedisError

from app.cli.doctor.ears import ANSWER_WITHIN_S, NotAClusterError, ear_on
from app.clock import boot_seconds
from app.config import Settings
from app.domain.findings import Finding, Verdict
from app.fanout.channels import shards_of
from app.fanout.publisher import Publisher

__all__ = ["check_bus"]

OLDEST = {"redis": (7, 0), "valkey": (7, 2)}


def check_bus(settings: Settings) -> Iterator[Finding]:
    """A ring of the bell, which makes nodes read the log and does nothing else, is sent and heard."""
    redis = Redis.from_url(
        settings.redis_url,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        protocol=2,
    )
    try:
        yield _judge_version(redis)
        yield _hear_rings(redis, settings)
    except NoPermissionError as error:
        yield Finding(
            check="redis_rights",
            verdict=Verdict.PROBLEM,
            means=f"Redis refuses what a node needs: {error}.",
            do="Give this user the rules of deploy/redis.acl (docs/redis-acl.md).",
        )
    except NotAClusterError:
        yield Finding(
            check="redis_cluster",
            verdict=Verdict.PROBLEM,
            means="CUTOFF_CHANNEL_SHARDS is above 1, and REDIS_URL names no Redis Cluster: closing takes a tail interval.",
            do="Set it to 1, or name a server of the cluster.",
        )
    except (RedisError, OSError) as error:
        yield Finding(
            check="redis",
            verdict=Verdict.PROBLEM,
            means=f"Redis does not answer ({type(error).__name__}): closing takes a tail interval, and nodes perform revocations.",
            do="Is REDIS_URL right, and does the server run?",
        )
    finally:
        redis.close()


def _judge_version(redis: Redis) -> Finding:
    told = redis.execute_command("HELLO")  # type: ignore[no-untyped-call]
    answer = dict(zip(told[::2], told[1::2], strict=True)) if isinstance(told, list) else told
    name, version = (_text(answer.get(key, answer.get(key.encode(), ""))) for key in ("server", "version"))
    number = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    is_old = number < OLDEST.get(name, (0, 0))
    return Finding(
        check="redis",
        verdict=Verdict.PROBLEM if is_old else Verdict.OK,
        means=f"{name.capitalize()} {version} answers{', and is too old' if is_old else ''}.",
        do="Upgrade to Redis 7.0 or Valkey 7.2, or newer." if is_old else "",
    )


def _hear_rings(redis: Redis, settings: Settings) -> Finding:
    """As many rings as there are channels: the publisher takes them in turn."""
    shards = shards_of(settings)
    with ExitStack() as ending, Publisher(settings) as publisher:
        ears = [ending.enter_context(ear_on(shard, redis, settings)) for shard in shards]
        ready = [_is_next(ear, shard.verbs.subscribed) for ear, shard in zip(ears, shards, strict=True)]
        if all(ready):
            for _ in shards:
                publisher.ring()
        deaf = [
            shard.close
            for ear, shard in zip(ears, shards, strict=True)
            if not (all(ready) and _is_next(ear, shard.verbs.message))
        ]
    if not deaf:
        return Finding(check="doorbell", verdict=Verdict.OK, means="What is published is heard.")
    return Finding(
        check="doorbell",
        verdict=Verdict.PROBLEM,
        means=f"What is published is not heard on {', '.join(deaf)}: closing takes a tail interval.",
        do="May this user PUBLISH there (docs/redis-acl.md)? Do REDIS_URL of nodes and workers name one server?",
    )


def _is_next(ear: PubSub, kind: bytes) -> bool:
    until = boot_seconds() + ANSWER_WITHIN_S
    while boot_seconds() < until:
        message = ear.get_message(timeout=ANSWER_WITHIN_S)
        if message is not None and message["type"] == kind.decode():
            return True
    return False


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
