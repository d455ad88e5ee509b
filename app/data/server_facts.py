"""What a PostgreSQL server says of itself, as far as the promise hangs on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.data.rows import one_row

__all__ = ["ServerFacts", "read_server_facts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """`version_number` is that of `server_version_num`. The time-outs are those of this transaction, 0 for none.

    `is_pooled`: somebody between hands out server connections, so that this transaction's is not ours to keep.
    """

    version: str
    version_number: int
    now: datetime
    is_replica: bool
    is_read_only: bool
    is_durable: bool
    commits_synchronously: bool
    is_pooled: bool
    statement_timeout_ms: int
    lock_timeout_ms: int
    idle_timeout_ms: int


def read_server_facts(db: Connection) -> ServerFacts:
    """As this connection sees them."""
    row = one_row(
        db,
        """
        SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS version_number,
               clock_timestamp() AS now, pg_is_in_recovery() AS is_replica,
               current_setting('transaction_read_only')::bool AS is_read_only,
               current_setting('fsync')::bool AND current_setting('full_page_writes')::bool AS is_durable,
               current_setting('synchronous_commit') <> 'off' AS commits_synchronously,
               pg_backend_pid() <> %(seen_as)s AS is_pooled,
               (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS statement_timeout_ms,
               (SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout') AS lock_timeout_ms,
               (SELECT setting::int FROM pg_settings
                 WHERE name = 'idle_in_transaction_session_timeout') AS idle_timeout_ms
        """,
        seen_as=_server_pid(db),
    )
    assert row is not None, "a select without a table has one row"
    return ServerFacts(**row)


def _server_pid(db: Connection) -> int:
    """The process that serves us, as far as the connection was told; a pooler tells a number of its own making."""
    driver_connection: Any = db.connection.dbapi_connection
    return int(driver_connection.info.backend_pid)
