"""Finds running mass revocations that nobody is at: their worker died, or the message was lost."""

from sqlalchemy import Connection

from app.data.mass_progress import claim_unleased
from app.domain.mass_revocations import MassLease

__all__ = ["claim_mass_revocations"]

AT_ONCE = 10


def claim_mass_revocations(db: Connection) -> tuple[MassLease, ...]:
    """Each with the lease to go on with, to be sent to the queue after commit; no lease is given to two."""
    return claim_unleased(db, limit=AT_ONCE)
