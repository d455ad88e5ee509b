"""What a PostgreSQL server says of itself, as far as the promise hangs on it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.data.rows import one_row

__all__ = ["ServerFacts", "read_server_facts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """`version_number` is that of `server_version_num`. `idle_timeout_ms`: what this connection was given, 0 for none."""

    version: str
    version_number: int
    now: datetime
    is_replica: bool
    is_read_only: bool
    is_durable: bool
    commits_synchronously: bool
    idle_timeout_ms: int


def read_server_facts(db: Session) -> ServerFacts:
    """As this connection sees them."""
    row = one_row(
        db,
        """
        SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS version_number,
               clock_timestamp() AS now, pg_is_in_recovery() AS is_replica,
               current_setting('transaction_read_only')::bool AS is_read_only,
               current_setting('fsync')::bool AND current_setting('full_page_writes')::bool AS is_durable,
               current_setting('synchronous_commit') <> 'off' AS commits_synchronously,
               (SELECT setting::int FROM pg_settings
                 WHERE name = 'idle_in_transaction_session_timeout') AS idle_timeout_ms
        """,
    )
    assert row is not None, "a select without a table has one row"
    return ServerFacts(**row)
