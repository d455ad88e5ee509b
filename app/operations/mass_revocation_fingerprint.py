"""Whether a mass revocation's page would look the same as before."""

from uuid import UUID

from sqlalchemy import Connection

from app.domain.caller import Caller
from app.domain.errors import NotFound
from app.domain.ids import MassRevocationId
from app.operations.read_mass_revocation import read_mass_revocation

__all__ = ["mass_revocation_fingerprint"]


def mass_revocation_fingerprint(db: Connection, *, caller: Caller, argument: str) -> str:
    """A text that stays the same as long as the job with that id does.

    Raises: NotFound for an unknown job, one out of scope, and what is no id; Forbidden.
    """
    job = read_mass_revocation(db, by=caller, mass_revocation_id=_id_from(argument))
    return repr((job.state, job.ended, job.stragglers_ended, job.left_behind))


def _id_from(argument: str) -> MassRevocationId:
    try:
        return MassRevocationId(UUID(argument))
    except ValueError:
        raise NotFound("mass_revocation") from None
