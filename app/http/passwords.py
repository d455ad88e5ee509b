"""Hashing passwords off the event loop, outside any transaction, and not more at once than is good for the memory."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from app.domain.errors import Unavailable

__all__ = ["PasswordThreads"]

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 4
WAITING_AT_MOST = 64


class PasswordThreads:
    """A bounded queue before a few threads: argon2 takes tens of milliseconds and as many megabytes each time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns. Raises: Unavailable if too many are waiting already."""
        if self._waiting >= WAITING_AT_MOST:
            raise Unavailable("password_hashing")
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(function, *args, **kwargs)
        finally:
            self._waiting -= 1
