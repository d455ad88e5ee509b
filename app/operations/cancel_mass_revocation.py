"""A mass revocation is given up: what has ended stays ended, and its receipt can be settled."""

from sqlalchemy import Connection

from app.data.mass_revocations import record_cancelled
from app.data.revocations import Ended, record_performed
from app.domain.ids import MassRevocationId
from app.domain.mass_revocations import MassRevocation, MassStep
from app.domain.operator import Requester
from app.operations.mass_steps import lock_for_step, read_again, record_step

__all__ = ["cancel_mass_revocation"]


def cancel_mass_revocation(
    db: Connection, *, by: Requester, mass_revocation_id: MassRevocationId
) -> MassRevocation:
    """Nothing more ends by it, ever. Cancelled already, it stays so.

    If it had begun, its revocation is performed as far as it came; the caller has its event written, or a sweep does.

    Raises: Conflict for one that is done; Forbidden; NotFound.
    """
    job, is_new = lock_for_step(db, by, mass_revocation_id, MassStep.CANCEL)
    if is_new:
        record_cancelled(db, mass_revocation_id)
        if job.revocation_id is not None:
            ended = Ended(sessions=job.sessions_ended, tokens=job.tokens_ended)
            record_performed(db, job.revocation_id, ended)
        record_step(db, by, job, "cancel")
    return read_again(db, by, mass_revocation_id)
