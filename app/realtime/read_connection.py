"""A connection for reads that must be cut off when they hang: the tail's, and those that verify credentials.

psycopg, asynchronous and outside the bridge: these reads change nothing, so they may be dropped at any moment. The
promise needs the drop to be at once: a reply that comes after its time-out is never looked at (R3).
"""

import asyncio
import os
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, args_row, dict_row

from app.data.bounds import Bounds, is_refusal_of_options
from app.domain.errors import Unavailable

__all__ = ["ReadConnection"]

CONNECT_TIMEOUT_S = 2.0

T = TypeVar("T")


class ReadConnection:
    """One connection to PostgreSQL, made when it is needed and dropped when it fails or is late.

    One caller at a time. Nothing is kept in the connection, so that a pooler may change it under us; where one does,
    each statement goes with its time-out in a transaction of its own, in one message.
    """

    def __init__(self, database_url: str, *, application_name: str, statement_timeout_s: float) -> None:
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._application_name = application_name
        self._bounds = Bounds(time_outs={"statement_timeout": timedelta(seconds=statement_timeout_s)})
        self._are_options_taken = True
        self._are_bounds_kept = True
        self._connection: psycopg.AsyncConnection[DictRow] | None = None
        self._in_transaction: psycopg.AsyncConnection[DictRow] | None = None
        self._drops = 0
        self._abandoned: set[asyncio.Future[Any]] = set()

    async def fetch(self, query: str, parameters: Mapping[str, Any], *, within_s: float) -> list[DictRow]:
        """The rows of one statement, which is a transaction of its own.

        Raises: Unavailable when there was no answer within that time, connecting included; the connection is dropped.
        """
        return await self._within(self._fetch(query, parameters), within_s)

    @asynccontextmanager
    async def one_snapshot(self, *, within_s: float) -> AsyncIterator[None]:
        """Statements inside see one and the same snapshot. Raises: Unavailable, as `fetch`."""
        await self._within(self._begin("ISOLATION LEVEL REPEATABLE READ READ ONLY"), within_s)
        self._in_transaction = self._connection
        try:
            yield
        finally:
            begun, self._in_transaction = self._in_transaction, None
            if begun is not None and begun is self._connection:
                with suppress(Unavailable):
                    await self._within(self._execute("ROLLBACK"), within_s)

    @property
    def drops(self) -> int:
        """How many times it was dropped: whoever sees the same number twice has had the server there in between."""
        return self._drops

    def drop(self) -> None:
        """The connection is cut, whoever may be waiting on it; the next statement makes a new one."""
        self._drops += 1
        connection, self._connection = self._connection, None
        if connection is not None:
            _cut(connection)

    async def _fetch(self, query: str, parameters: Mapping[str, Any]) -> list[DictRow]:
        connection = await self._connected()
        if self._are_bounds_kept or self._in_transaction is not None:
            cursor = await connection.execute(sql.SQL(query), parameters)
            return await cursor.fetchall()
        return await self._fetch_bounded(connection, query, parameters)

    async def _fetch_bounded(
        self, connection: psycopg.AsyncConnection[DictRow], query: str, parameters: Mapping[str, Any]
    ) -> list[DictRow]:
        """Several statements in one message take their parameters as text, which the driver quotes."""
        cursor = psycopg.AsyncClientCursor(connection)
        await cursor.execute(sql.SQL(f"{self._bounds.begin()}; {query}; COMMIT"), parameters)
        while cursor.description is None:
            cursor.nextset()
        return await cursor.fetchall()

    async def _begin(self, how: str) -> None:
        connection = await self._connected()
        begin = f"BEGIN {how}" if self._are_bounds_kept else self._bounds.begin(how)
        await connection.execute(sql.SQL(begin))

    async def _execute(self, statement: str) -> None:
        connection = await self._connected()
        await connection.execute(sql.SQL(statement))

    async def _connected(self) -> psycopg.AsyncConnection[DictRow]:
        if self._connection is not None and (self._connection.closed or _was_hung_up(self._connection)):
            self.drop()
        if self._connection is None:
            if self._in_transaction is not None:
                raise psycopg.OperationalError("the snapshot went with the connection")
            return await self._connect()
        return self._connection

    async def _connect(self) -> psycopg.AsyncConnection[DictRow]:
        drops = self._drops
        connection = await self._opened()
        if drops != self._drops:  # whoever asked for it has been given up meanwhile
            connection.pgconn.finish()
            raise psycopg.OperationalError("too late")
        self._connection = connection
        cursor = connection.cursor(row_factory=args_row(self._bounds.are_kept(connection)))
        self._are_bounds_kept = bool(await (await cursor.execute(self._bounds.question)).fetchone())
        return connection

    async def _opened(self) -> psycopg.AsyncConnection[DictRow]:
        opened = partial(
            psycopg.AsyncConnection.connect,
            self._url,
            autocommit=True,
            row_factory=dict_row,
            prepare_threshold=None,
            application_name=self._application_name,
            connect_timeout=round(CONNECT_TIMEOUT_S),
        )
        if self._are_options_taken:
            try:
                return await opened(options=self._bounds.options)
            except psycopg.OperationalError as error:
                if not is_refusal_of_options(error):
                    raise
                self._are_options_taken = False
        return await opened()

    async def _within(self, work: Awaitable[T], within_s: float) -> T:
        """Not `asyncio.timeout`: cancelling psycopg first asks the server to stop, and waits for its answer."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=within_s)
        except asyncio.CancelledError:
            self._abandon(task)
            raise
        if not done:
            self._abandon(task)
            raise Unavailable("database")
        try:
            return task.result()
        except (psycopg.Error, OSError) as error:
            self.drop()
            raise Unavailable("database") from error

    def _abandon(self, task: asyncio.Future[Any]) -> None:
        """Its connection is cut, so that it ends by itself; nobody looks at what it returns."""
        connection = self._connection
        if connection is None:
            task.cancel()
        self.drop()
        self._abandoned.add(task)
        task.add_done_callback(partial(self._forget, connection))

    def _forget(self, connection: psycopg.AsyncConnection[DictRow] | None, task: asyncio.Future[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()
        if connection is not None and not connection.closed:
            connection.pgconn.finish()


def _was_hung_up(connection: psycopg.AsyncConnection[DictRow]) -> bool:
    """The server has spoken without being asked: its last word, as a rule. Seen here, it costs nobody a refusal."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _cut(connection: psycopg.AsyncConnection[DictRow]) -> None:
    """Both directions of the TCP stream are shut: whoever waits on it wakes with an error, and closes it."""
    if connection.closed:
        return
    with suppress(psycopg.Error, OSError):
        stream = socket.socket(fileno=os.dup(connection.fileno()))
        with stream, suppress(OSError):
            stream.shutdown(socket.SHUT_RDWR)
    if connection.pgconn.transaction_status != psycopg.pq.TransactionStatus.ACTIVE:
        connection.pgconn.finish()
