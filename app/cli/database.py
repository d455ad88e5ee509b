"""The database, for the length of one command."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.config import Settings
from app.data.engine import Database

__all__ = ["opened_database"]


@contextmanager
def opened_database(settings: Settings, *, purpose: str) -> Iterator[Database]:
    """Connections that show in PostgreSQL as `cutoff PURPOSE`, closed afterwards; meanwhile stdout is the command's own."""
    database = Database(settings, application_name=f"cutoff {purpose}")
    try:
        with _logs_aside():
            yield database
    finally:
        database.dispose()


@contextmanager
def _logs_aside() -> Iterator[None]:
    """What a server would log is not what the command prints: warnings go to stderr, and the rest nowhere."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    try:
        yield
    finally:
        structlog.configure(**before)
