"""Becomes the given command, and ends when the process that started it does.

    python -I -S die_with_parent.py SIGNAL PARENT_PID UID:GID COMMAND...

Run by path, in a bare interpreter, so it imports nothing of ours. The kernel forgets the death signal when the user
changes, hence the order; and whoever died before it was set is noticed by its process id. Empty UID:GID keeps the user.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def _become(user: str) -> None:
    uid, gid = (int(part) for part in user.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _main(death_signal: str, parent_pid: str, user: str, *command: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if user:
        _become(user)
    os.umask(0o077)
    if libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(parent_pid):
        sys.exit("The process that wanted this server is gone.")
    os.execv(command[0], command)


if __name__ == "__main__":
    _main(*sys.argv[1:])
