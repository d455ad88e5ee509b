"""Records the end of support access grants that the clock has ended."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.data.expiry import expire_next_grant

__all__ = ["expire_support_grants"]


def expire_support_grants(db: Session, *, overdue_by: timedelta = timedelta(0)) -> int:
    """The next grant that ended at least `overdue_by` ago is marked so, and its support sessions are terminated.

    Answers how many that was: 0 when none is left, so that it can be repeated until then; one at a time, because
    each is a revocation of its own. A grant that another sweep has is left to it.
    """
    return int(expire_next_grant(db, overdue_by=overdue_by))
