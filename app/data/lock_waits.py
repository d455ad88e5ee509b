"""How long this transaction waits, where the process's own time-outs do not fit; and whether that was too long."""

from datetime import timedelta

import psycopg
from sqlalchemy import Connection, exc

from app.data.rows import run
from app.domain.errors import Unavailable

__all__ = ["bound_lock_waits", "bound_statements", "waited_too_long"]


def bound_statements(db: Connection, limit: timedelta) -> None:
    """Until it ends, each statement of this transaction may take that long."""
    _set(db, "statement_timeout", limit)


def bound_lock_waits(db: Connection, limit: timedelta) -> None:
    """Until it ends, this transaction waits that long for each lock."""
    _set(db, "lock_timeout", limit)


def waited_too_long(unavailable: Unavailable) -> bool:
    """Whether it was somebody else's lock, or a statement's time-out behind one, that kept us from it."""
    too_long = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)
    cause = unavailable.__cause__
    return isinstance(cause, exc.DBAPIError) and isinstance(cause.orig, too_long)


def _set(db: Connection, name: str, limit: timedelta) -> None:
    milliseconds = round(limit / timedelta(milliseconds=1))
    run(db, "SELECT set_config(%(name)s, %(value)s, true)", name=name, value=str(milliseconds))
