"""Ways to PostgreSQL that break: a line that goes dead, a server of the test's own, a connection that waits for the test."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg.rows import DictRow
from sqlalchemy import create_engine, make_url

from app.config import Settings
from app.data.migrate import upgrade
from app.embedded import PostgresServer, scratch_folder, start_postgres
from app.realtime.read_connection import ReadConnection
from tests.fanout.silent_proxy import SilentProxy, silent_proxy

__all__ = ["SteppedConnection", "a_line_to_the_database", "a_postgres", "connection_to", "proxied"]


def connection_to(database_url: str, *, name: str = "a test's") -> ReadConnection:
    """A connection for reads, as a node has them."""
    return ReadConnection(database_url, application_name=name, statement_timeout_s=10)


class SteppedConnection(ReadConnection):
    """While `is_held`, an answer that has come is given on only when the test lets it go. It counts statements."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url, application_name="stepped", statement_timeout_s=10)
        self.statements = 0
        self.answered = asyncio.Event()
        """Set when an answer has come that is being held."""
        self.let_go = asyncio.Event()
        self.let_go.set()

    def hold(self) -> None:
        """The next answers wait."""
        self.answered.clear()
        self.let_go.clear()

    async def fetch(self, query: str, parameters: Mapping[str, Any], *, within_s: float) -> list[DictRow]:
        self.statements += 1
        rows = await super().fetch(query, parameters, within_s=within_s)
        self.answered.set()
        await self.let_go.wait()
        return rows


@asynccontextmanager
async def a_line_to_the_database(settings: Settings) -> AsyncIterator[tuple[SilentProxy, Settings]]:
    """A proxy before PostgreSQL, and the settings of a node that goes through it."""
    async with silent_proxy(settings.database_url) as (proxy, url):
        yield proxy, proxied(settings, url)


def proxied(settings: Settings, url: str) -> Settings:
    """The settings with another way to the database."""
    return settings.model_copy(update={"database_url": url})


@contextmanager
def a_postgres() -> Iterator[PostgresServer]:
    """A server of the test's own, with this version's tables, to be stopped, frozen or made a replica."""
    with scratch_folder() as folder:
        server = start_postgres(folder / "postgres", durable=False)
        try:
            engine = create_engine(make_url(server.url).set(drivername="postgresql+psycopg"))
            with engine.begin() as connection:
                upgrade(connection)
            engine.dispose()
            yield server
        finally:
            server.thaw()
            server.kill()


def backends(database_url: str, name: str) -> int:
    """How many connections of that application name there are in the database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s",
            [name],
        ).fetchone()
    assert row is not None
    return int(row[0])
