"""A migrated database and a Redis without a fleet: what is measured is one process at work on them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from app.cli.migrate import migrate
from app.config import Settings, load_settings
from app.data.engine import Database
from app.embedded import Servers
from app.fanout.publisher import Publisher
from benchmarks.stacks.ours import our_servers

__all__ = ["Workbench", "workbench"]

BUS_KEY = "00" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What a worker process has."""

    settings: Settings
    servers: Servers
    database: Database
    publisher: Publisher


@contextmanager
def workbench() -> Iterator[Workbench]:
    """Durable, private, and empty; what is logged about each revocation is left out."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with our_servers() as servers:
        settings = load_settings(
            database_url=servers.database_url, redis_url=servers.redis_url, bus_key=BUS_KEY, pool_size=2
        )
        migrate(settings)
        database = Database(settings, application_name="cutoff bench")
        with Publisher(settings) as publisher:
            yield Workbench(settings=settings, servers=servers, database=database, publisher=publisher)
        database.dispose()
