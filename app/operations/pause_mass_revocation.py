"""A running mass revocation stands still."""

from sqlalchemy import Connection

from app.data.mass_revocations import record_paused
from app.domain.ids import MassRevocationId
from app.domain.mass_revocations import MassRevocation, MassStep
from app.domain.operator import Requester
from app.operations.mass_steps import lock_for_step, read_again, record_step

__all__ = ["pause_mass_revocation"]


def pause_mass_revocation(
    db: Connection, *, by: Requester, mass_revocation_id: MassRevocationId
) -> MassRevocation:
    """No further batch begins until it is resumed; the batch that ran has ended. Paused already, it stays so.

    Raises: Conflict for one that does not run; Forbidden; NotFound.
    """
    job, is_new = lock_for_step(db, by, mass_revocation_id, MassStep.PAUSE)
    if is_new:
        record_paused(db, mass_revocation_id)
        record_step(db, by, job, "pause")
    return read_again(db, by, mass_revocation_id)
