"""Who may aim a mass revocation at what: an organization's admin within it, a Global Admin and an operator anywhere."""

from sqlalchemy import Connection

from app.data.organizations import Organization, find_organization, require_org_admin
from app.data.scope import require_admin
from app.domain.errors import Forbidden, NotFound
from app.domain.operator import Operator, Requester

__all__ = ["find_aimed_organization", "require_mass_revoker"]


def require_mass_revoker(db: Connection, by: Requester) -> None:
    """Returns for operators and admins. Raises: Forbidden."""
    if not isinstance(by, Operator):
        require_admin(db, by)


def find_aimed_organization(db: Connection, by: Requester, org: str | None) -> Organization | None:
    """The organization that is named, by id or slug; None if none is, which only those over all of them may do.

    Raises: Forbidden, also to an organization's admin who names none; NotFound for an unknown organization and,
    for them, a foreign one.
    """
    require_mass_revoker(db, by)
    if not isinstance(by, Operator) and not by.is_global_admin:
        if org is None:
            raise Forbidden("global_admin")
        return require_org_admin(db, by, org)
    organization = None if org is None else find_organization(db, org)
    if org is not None and organization is None:
        raise NotFound("organization")
    return organization
