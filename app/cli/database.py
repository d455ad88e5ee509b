"""The database, for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.config import Settings
from app.data.engine import Database

__all__ = ["opened_database"]


@contextmanager
def opened_database(settings: Settings, *, purpose: str) -> Iterator[Database]:
    """Connections that show in PostgreSQL as `cutoff PURPOSE`, closed afterwards."""
    database = Database(settings, application_name=f"cutoff {purpose}")
    try:
        yield database
    finally:
        database.dispose()
