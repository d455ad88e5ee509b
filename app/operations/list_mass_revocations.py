"""Shows the mass revocations in somebody's scope."""

from sqlalchemy import Connection

from app.data.mass_revocations import find_mass_revocations
from app.data.mass_scope import require_mass_revoker
from app.domain.mass_revocations import MassRevocation
from app.domain.operator import Requester
from app.domain.paging import Page, PageRequest

__all__ = ["list_mass_revocations"]


def list_mass_revocations(db: Connection, *, by: Requester, page: PageRequest) -> Page[MassRevocation]:
    """The newest plan first: an organization's admins see those confined to it, others over all see all.

    Raises: Forbidden.
    """
    require_mass_revoker(db, by)
    return find_mass_revocations(db, page, by=by)
