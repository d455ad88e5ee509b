"""Hands on the database: SQL by hand, with the instant of each commit on our own clock."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from app.clock import boot_seconds

END_SESSION = "UPDATE session SET terminated_at = clock_timestamp() WHERE id = %(id)s"


class Hands:
    """Each statement on a connection of its own, except within `transaction`."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    async def commit(self, statement: str, **parameters: Any) -> float:
        """It is committed; the instant just before the COMMIT was sent."""
        return await asyncio.to_thread(self._commit, statement, parameters)

    async def value(self, query: str, **parameters: Any) -> Any:
        """The first column of the first row; None where there is none."""
        return await asyncio.to_thread(self._value, query, parameters)

    async def instant_of(self, moment: datetime) -> float:
        """The database's moment on our clock."""
        return await asyncio.to_thread(self._instant_of, moment)

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """An open transaction, to be stepped; rolled back at the end, and its connection closed."""
        connection = psycopg.connect(self._url)
        try:
            yield Transaction(connection)
        finally:
            connection.close()

    def _commit(self, statement: str, parameters: dict[str, Any]) -> float:
        with self.transaction() as transaction:
            transaction.do(statement, **parameters)
            return transaction.commit()

    def _value(self, query: str, parameters: dict[str, Any]) -> Any:
        with psycopg.connect(self._url) as connection:
            row = connection.execute(sql.SQL(query), parameters).fetchone()
        return None if row is None else row[0]

    def _instant_of(self, moment: datetime) -> float:
        before = boot_seconds()
        now: datetime = self._value("SELECT clock_timestamp()", {})
        return (before + boot_seconds()) / 2 + (moment - now).total_seconds()


class Transaction:
    """Stepped by hand; statements here are short, or their locks are what the scenario is about."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def do(self, statement: str, **parameters: Any) -> None:
        self._connection.execute(sql.SQL(statement), parameters)

    def commit(self) -> float:
        """The instant just before COMMIT was sent."""
        sent_at = boot_seconds()
        self._connection.commit()
        return sent_at
