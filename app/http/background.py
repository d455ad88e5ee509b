"""Work that a request has begun and that goes on when the client has gone."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import structlog

from app.domain.errors import CutoffError

__all__ = ["Background"]

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Background:
    """Holds on to tasks until they end: the event loop itself keeps only weak references."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """The work goes on by itself, to its end; nobody's cancellation reaches it."""
        _held = self._hold(work)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work returns; it goes on to its end also when whoever awaits it is cancelled."""
        return await asyncio.shield(self._hold(work))

    async def finish(self, *, within: timedelta) -> int:
        """What was under way has ended, or the time is over; how much was left."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within.total_seconds())
        return len(self._tasks)

    def _hold(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, CutoffError):
            # Said here at least: the request that awaits it may be gone.
            _log.warning("background_work_failed", error=type(error).__name__)
