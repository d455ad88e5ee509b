"""How much waits: what a person, an alarm or a dashboard wants to know at a glance."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.rows import one_row
from app.domain.backlog import Backlog

__all__ = ["read_backlog"]

STUCK_AFTER = timedelta(seconds=30)
"""Several sweeps have come by then, and a node performs what is overdue after two seconds."""


def read_backlog(db: Connection) -> Backlog:
    """What waits in this very moment, by the database's clock. A mass revocation counts from when its job was done."""
    row = one_row(
        db,
        """
        SELECT (SELECT clock_timestamp() - min(requested_at) FROM revocation
                 WHERE performed_at IS NULL AND kind <> 'mass_revocation') AS oldest_waiting,
               (SELECT count(*) FROM revocation
                 WHERE audited_at IS NULL AND requested_at < statement_timestamp() - %(stuck_after)s::interval
                   AND (kind <> 'mass_revocation'
                        OR performed_at < statement_timestamp() - %(stuck_after)s::interval)) AS stuck,
               (SELECT clock_timestamp() - min(CASE kind WHEN 'mass_revocation' THEN performed_at ELSE requested_at END)
                  FROM revocation WHERE completed_at IS NULL) AS oldest_open,
               (SELECT count(*) FROM revocation WHERE completed_at IS NULL) AS receipts_open,
               (SELECT clock_timestamp() - answered_at FROM canary) AS canary_age
        """,
        stuck_after=STUCK_AFTER,
    )
    assert row is not None, "a select without a table has one row"
    waiting: timedelta | None = row["oldest_waiting"]
    open_for: timedelta | None = row["oldest_open"]
    return Backlog(
        oldest_waiting=waiting or timedelta(0),
        stuck=row["stuck"],
        oldest_open=open_for or timedelta(0),
        receipts_open=row["receipts_open"],
        canary_age=row["canary_age"],
    )
