"""What people and workers do to the database while sockets are open: operations, performing them, and plain SQL."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from app.config import Settings
from app.data.engine import Database
from app.domain.ids import RevocationId
from app.domain.receipts import Receipt
from app.domain.revocation_request import Requested
from app.fanout.publisher import Publisher
from app.operations.perform import perform
from app.operations.read_receipt import read_receipt_as_operator
from tests.realtime.conditions import LOOK_EVERY_S

__all__ = ["Hands"]


class Hands:
    """Works in threads, so that the nodes in the test's loop go on meanwhile."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._url = settings.database_url
        self._database = database
        self._publisher = Publisher(settings)

    async def sql(self, statement: LiteralString, **parameters: object) -> Sequence[Mapping[str, Any]]:
        """The statement is committed, as by somebody with `psql`; its rows, if it returns any."""
        return await asyncio.to_thread(self._sql, statement, parameters)

    def connection(self) -> AbstractContextManager[psycopg.Connection]:
        """A transaction of its own, to be stepped by hand: committed on leaving, unless it was before."""
        return psycopg.connect(self._url)

    async def ask(self, operation: Callable[..., Requested], **parameters: object) -> RevocationId:
        """The revocation is on record, and nobody has performed it."""
        requested = await asyncio.to_thread(self._database.transact, operation, **parameters)
        return requested.revocation_id

    async def perform(self, revocation_id: RevocationId) -> None:
        """A worker has done its part."""
        await asyncio.to_thread(perform, self._database, self._publisher, revocation_id)

    async def revoke(self, operation: Callable[..., Requested], **parameters: object) -> RevocationId:
        """The revocation has been asked for and performed."""
        revocation_id = await self.ask(operation, **parameters)
        await self.perform(revocation_id)
        return revocation_id

    async def receipt(
        self, revocation_id: RevocationId, when: Callable[[Receipt], bool] = lambda _: True
    ) -> Receipt:
        """The receipt, as soon as that is so."""
        return await _until(
            lambda: asyncio.to_thread(self._database.transact, read_receipt_as_operator, revocation_id), when
        )

    def close(self) -> None:
        self._publisher.close()

    def _sql(self, statement: LiteralString, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        with psycopg.connect(self._url, autocommit=True, row_factory=dict_row) as connection:
            done = connection.execute(statement, parameters)
            return done.fetchall() if done.description else []


async def _until(
    read: Callable[[], Awaitable[Receipt]], when: Callable[[Receipt], bool], *, within_s: float = 10.0
) -> Receipt:
    async with asyncio.timeout(within_s):
        while True:
            receipt = await read()
            if when(receipt):
                return receipt
            await asyncio.sleep(10 * LOOK_EVERY_S)
