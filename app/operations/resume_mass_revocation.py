"""A paused mass revocation goes on."""

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.mass_revocations import record_resumed
from app.domain.ids import MassRevocationId
from app.domain.mass_revocations import MassLease, MassStep
from app.domain.operator import Requester
from app.operations.mass_steps import lock_for_step, read_again, record_step
from app.operations.start_mass_revocation import BegunMassRevocation

__all__ = ["resume_mass_revocation"]


def resume_mass_revocation(
    db: Connection, *, by: Requester, mass_revocation_id: MassRevocationId
) -> BegunMassRevocation:
    """It goes on where it stopped, on what was issued before its start; running already, it runs on.

    Raises: Conflict for one that was not paused; Forbidden; NotFound.
    """
    job, is_new = lock_for_step(db, by, mass_revocation_id, MassStep.RESUME)
    if not is_new:
        return BegunMassRevocation(job=job, lease=None)
    lease = MassLease(mass_revocation_id=mass_revocation_id, lease=uuid7())
    record_resumed(db, lease)
    record_step(db, by, job, "resume")
    return BegunMassRevocation(job=read_again(db, by, mass_revocation_id), lease=lease)
