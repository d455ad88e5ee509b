"""Where async meets sync: the event loop borrows the database only through here."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from app.data.engine import Database
from app.data.rows import Readable

__all__ = ["Bridge"]

P = ParamSpec("P")
T = TypeVar("T")

CLOSE_TIMEOUT = timedelta(seconds=5)


class Bridge:
    """Runs synchronous database work without blocking the event loop.

    One thread per pooled connection, so a waiting caller waits here, cheaply, rather than inside the pool. A
    transaction that has started always finishes: cancelling the caller neither rolls it back nor costs a
    connection.
    """

    def __init__(self, database: Database, *, threads: int) -> None:
        self._database = database
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="database")
        self._running: set[asyncio.Future[Any]] = set()

    async def run(
        self, operation: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `operation(db, …)` returns after its one transaction has been committed."""
        return await self._in_thread(partial(self._database.transact, operation, *args, **kwargs))

    async def read(
        self, operation: Callable[Concatenate[Readable, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `operation(db, …)` returns, which asks one statement and changes nothing: it is spared the transaction."""
        return await self._in_thread(partial(self._database.read, operation, *args, **kwargs))

    async def call(
        self, function: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `function(database, …)` returns: for the few that span several transactions."""
        return await self._in_thread(partial(function, self._database, *args, **kwargs))

    async def close(self) -> None:
        """What had started has finished, or has had its time; what had not started never will."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_TIMEOUT.total_seconds())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        started = asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)
        self._running.add(started)
        started.add_done_callback(self._forget)
        return await asyncio.shield(started)

    def _forget(self, finished: asyncio.Future[Any]) -> None:
        self._running.discard(finished)
        if not finished.cancelled():
            finished.exception()  # seen: a caller that was cancelled will not ask for it
