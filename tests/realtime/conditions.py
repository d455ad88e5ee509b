"""Waiting for a condition, with a deadline: the only way in which these tests wait."""

import asyncio
from collections.abc import Callable

from app.clock import boot_seconds

__all__ = ["always", "eventually"]

LOOK_EVERY_S = 0.002


async def eventually(condition: Callable[[], object], *, within_s: float = 10.0) -> None:
    """The condition holds. Raises: AssertionError when it does not within that time."""
    gives_up_at = boot_seconds() + within_s
    while not condition():
        assert boot_seconds() < gives_up_at, f"not within {within_s} s"
        await asyncio.sleep(LOOK_EVERY_S)


async def always(condition: Callable[[], object], *, for_s: float) -> None:
    """The condition holds all that time, as far as looking often can tell."""
    ends_at = boot_seconds() + for_s
    while boot_seconds() < ends_at:
        assert condition()
        await asyncio.sleep(LOOK_EVERY_S)
