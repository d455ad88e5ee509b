"""Waiting for what another process does."""

import time
from collections.abc import Callable

WITHIN_S = 10.0


def eventually(holds: Callable[[], bool]) -> None:
    """Fails unless it holds soon."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s"
        time.sleep(0.02)
