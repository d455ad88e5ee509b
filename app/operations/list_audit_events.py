"""Somebody reads the audit trail, as far as it concerns them."""

from sqlalchemy import Connection

from app.data.audit_trail import TrailEvent, find_trail
from app.data.organizations import find_organization, role_in
from app.domain.caller import Caller
from app.domain.errors import NotFound
from app.domain.ids import OrgId
from app.domain.paging import Page, PageRequest
from app.domain.permissions import require_no_support_session
from app.domain.searching import TrailSearch

__all__ = ["list_audit_events"]

EVERYTHING = TrailSearch()


def list_audit_events(
    db: Connection,
    *,
    caller: Caller,
    org: str | None = None,
    search: TrailSearch = EVERYTHING,
    page: PageRequest,
) -> Page[TrailEvent]:
    """A Global Admin sees everything, an organization's admin what happened in it, everybody what concerns them.

    Of that, what answers the search, newest first.

    Raises: Forbidden in a support session; NotFound for an organization that the caller is no admin of.
    """
    require_no_support_session(caller)
    org_id = None if org is None else _org_of(db, caller, org)
    return find_trail(db, reader=caller.account_id, org_id=org_id, search=search, page=page)


def _org_of(db: Connection, caller: Caller, org: str) -> OrgId:
    organization = find_organization(db, org)
    if organization is not None and (
        caller.is_global_admin or role_in(db, organization.org_id, caller.account_id) == "admin"
    ):
        return organization.org_id
    raise NotFound("organization")
