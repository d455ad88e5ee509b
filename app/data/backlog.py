"""How much waits: what a person, an alarm or a dashboard wants to know at a glance."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.data.rows import one_row
from app.domain.backlog import Backlog

__all__ = ["read_backlog"]


def read_backlog(db: Session) -> Backlog:
    """What waits in this very moment, by the database's clock."""
    row = one_row(
        db,
        """
        SELECT (SELECT clock_timestamp() - min(requested_at) FROM revocation WHERE performed_at IS NULL) AS oldest_waiting,
               (SELECT count(*) FROM revocation WHERE completed_at IS NULL) AS receipts_open,
               (SELECT clock_timestamp() - answered_at FROM canary) AS canary_age
        """,
    )
    assert row is not None, "a select without a table has one row"
    waiting: timedelta | None = row["oldest_waiting"]
    return Backlog(
        oldest_waiting=waiting or timedelta(0),
        receipts_open=row["receipts_open"],
        canary_age=row["canary_age"],
    )
