"""Waiting for what somebody else does: a condition with a deadline, never a sleep."""

import time
from collections.abc import Callable

WITHIN_S = 10.0
LOOK_EVERY_S = 0.02


def eventually(holds: Callable[[], bool], *, within_s: float = WITHIN_S) -> None:
    """Returns when it holds; fails if it does not in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(LOOK_EVERY_S)
