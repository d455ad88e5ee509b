"""Whether a pooled connection is still alive, asked before its use: without a round trip where that is safe."""

import select

import psycopg
from sqlalchemy import Engine, event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.clock import boot_seconds

__all__ = ["look_before_use"]

SURELY_ALIVE_S = 1.0
"""For so long after its last use a connection is believed to be alive that has nothing to tell."""
_IDLE_SINCE = "idle_since"


def look_before_use(engine: Engine) -> None:
    """A pooled connection that the server has closed is replaced before it is used, and the pool with it.

    A server that ends a connection says so, which the socket shows at once. One that has vanished says nothing, so a
    connection that was idle for longer is asked: `SELECT 1`, a round trip.
    """

    def look(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if _may_be_dead(entry):
            _ask(engine, connection)

    event.listen(engine, "checkin", _note_the_time)
    event.listen(engine, "checkout", look)


def _note_the_time(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    if connection is not None:
        entry.info[_IDLE_SINCE] = boot_seconds()


def _may_be_dead(entry: ConnectionPoolEntry) -> bool:
    idle_since = entry.info.get(_IDLE_SINCE)
    if idle_since is None:  # new
        return False
    return boot_seconds() - idle_since > SURELY_ALIVE_S or _has_something_to_tell(entry.driver_connection)


def _has_something_to_tell(connection: object) -> bool:
    """An end, nearly always: a server does not speak first."""
    if not isinstance(connection, psycopg.Connection) or connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _ask(engine: Engine, connection: DBAPIConnection) -> None:
    """Raises: InvalidatePoolError where it is dead, upon which the pool connects anew."""
    try:
        engine.dialect.do_ping(connection)
    except psycopg.Error as error:
        raise exc.InvalidatePoolError from error
