"""Records what the clock has ended: sessions past their absolute end, and API tokens."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.expiry import expire_api_tokens, expire_sessions

__all__ = ["expire_credentials"]

BATCH = 1_000


def expire_credentials(db: Connection, *, overdue_by: timedelta = timedelta(0)) -> int:
    """A batch of credentials that ended at least `overdue_by` ago is marked as ended; how many. 0: none is left.

    The sockets were closed by their own deadlines. Rows that another sweep has are left to it.
    """
    ended = expire_sessions(db, overdue_by=overdue_by, limit=BATCH)
    return ended or expire_api_tokens(db, overdue_by=overdue_by, limit=BATCH)
