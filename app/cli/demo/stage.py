"""What every scenario has at hand: nodes, people, a bystander, a Global Admin, and hands on the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from app.cli.demo.cast import Cast
from app.cli.demo.people import People, SignedIn
from app.cli.fleet.fleet import NodeAddress
from app.clock import boot_seconds

__all__ = ["Act", "Stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What ended a credential: the instant from which latencies count, and how to find its receipt.

    `receipt_id` where the API named it; else the revocation of `target_id` (an account, a grant) opened `source`.
    """

    at: float
    receipt_id: str | None = None
    source: str = ""
    target_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One for the whole demo."""

    nodes: Sequence[NodeAddress]
    people: People
    bystander: SignedIn
    global_admin: SignedIn
    database_url: str

    async def cast(self) -> Cast:
        """An empty cast but for the bystander, of another account, on every node."""
        cast = Cast(self.nodes)
        await cast.enter(self.bystander.token, ends_with=None)
        return cast

    async def sql(self, statement: str, **parameters: Any) -> float:
        """The statement is committed; the instant just before the COMMIT was sent."""
        return await asyncio.to_thread(self._commit, statement, parameters)

    async def instant_of(self, moment: datetime) -> float:
        """The database's `moment`, on our clock."""
        return await asyncio.to_thread(self._instant_of, moment)

    async def database_time(self) -> datetime:
        """The time of day on the database's clock."""
        return (await self.row("SELECT clock_timestamp()"))[0]  # type: ignore[no-any-return, index]

    async def row(self, query: str, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row of a query; None where there is none."""
        return await asyncio.to_thread(self._row, query, parameters)

    def _commit(self, statement: str, parameters: dict[str, Any]) -> float:
        with psycopg.connect(self.database_url) as connection:
            connection.execute(statement, parameters)
            sent_at = boot_seconds()
            connection.commit()
        return sent_at

    def _row(self, query: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, parameters).fetchone()

    def _instant_of(self, moment: datetime) -> float:
        with psycopg.connect(self.database_url) as connection:
            before = boot_seconds()
            row = connection.execute("SELECT clock_timestamp()").fetchone()
            between = (before + boot_seconds()) / 2
        assert row is not None, "SELECT without FROM has one row"
        distance: timedelta = moment - row[0]
        return between + distance.total_seconds()
