"""Records the end of support access grants that the clock has ended."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.expiry import expire_grants

__all__ = ["expire_support_grants"]

BATCH = 500
"""So that whoever wants one of them waits a fraction of a second."""


def expire_support_grants(db: Connection, *, overdue_by: timedelta = timedelta(0)) -> int:
    """A batch of grants that ended at least `overdue_by` ago is marked so, and their support sessions are terminated.

    Answers how many that were: 0 when none is left, so that it can be repeated until then. Each is a revocation of its
    own, with a receipt and an event. A grant that another sweep has is left to it.
    """
    return expire_grants(db, overdue_by=overdue_by, limit=BATCH)
