"""Finds revocations that nobody has finished."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.revocations import claim_unfinished
from app.domain.ids import RevocationId

__all__ = ["resume_revocations"]

FINISH_WITHIN = timedelta(seconds=5)
"""How long publishing and the audit event may take before the sweep takes them up."""
RESUMED_ONCE_IN = timedelta(seconds=4)
"""Below beat's interval of five seconds: so each pass of one beat resumes, and further beats and workers do not."""
BATCH = 100


def resume_revocations(db: Connection, *, perform_within: timedelta) -> tuple[RevocationId, ...]:
    """The oldest of those that should have been finished by now, to be sent to the queue after commit.

    Each is answered to one caller once in `RESUMED_ONCE_IN`, however many sweeps ask.
    """
    return claim_unfinished(
        db,
        perform_within=perform_within,
        finish_within=FINISH_WITHIN,
        once_in=RESUMED_ONCE_IN,
        limit=BATCH,
    )
