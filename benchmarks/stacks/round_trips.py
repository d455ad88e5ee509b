"""How often a client waits for PostgreSQL, as libpq itself notes it."""

import tempfile
from collections.abc import Callable

import psycopg
from sqlalchemy import Engine, event

__all__ = ["round_trips_of"]

ENDS_ONE = b"\tReadyForQuery"


def round_trips_of(engine: Engine, work: Callable[[], object]) -> int:
    """The round trips of that work on the engine's connections, which connect anew for it; connecting is not counted."""
    with tempfile.TemporaryFile() as trace:

        def follow(connection: psycopg.Connection, _record: object) -> None:
            connection.pgconn.trace(trace.fileno())

        engine.dispose()
        event.listen(engine, "connect", follow)
        with engine.connect():
            connected_at = trace.seek(0, 2)
        work()
        event.remove(engine, "connect", follow)
        engine.dispose()
        trace.seek(connected_at)
        return trace.read().count(ENDS_ONE)
