"""Shows a mass revocation, and how far it is, to whom it concerns."""

from sqlalchemy import Connection

from app.data.mass_scope import require_mass_revoker
from app.domain.ids import MassRevocationId
from app.domain.mass_revocations import MassRevocation
from app.domain.operator import Requester
from app.operations.mass_steps import read_again

__all__ = ["read_mass_revocation"]


def read_mass_revocation(
    db: Connection, *, by: Requester, mass_revocation_id: MassRevocationId
) -> MassRevocation:
    """The job as it stands. Raises: Forbidden; NotFound for an unknown one and one out of scope alike."""
    require_mass_revoker(db, by)
    return read_again(db, by, mass_revocation_id)
