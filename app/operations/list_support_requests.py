"""An organization's admin looks at the requests for support access, a Global Admin at their own."""

from sqlalchemy import Connection

from app.data.organizations import find_organization, require_org_admin, role_in
from app.data.support_requests import SupportRequest, find_requests
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest
from app.domain.permissions import require_no_support_session

__all__ = ["list_support_requests"]


def list_support_requests(
    db: Connection, *, caller: Caller, org: str, page: PageRequest
) -> Page[SupportRequest]:
    """All of them for an organization's admin; for a Global Admin from outside, their own there.

    Raises: NotFound for an unknown organization, and to whoever has nothing to do with it; Forbidden to a member.
    """
    require_no_support_session(caller)
    organization = find_organization(db, org)
    is_outside = organization is not None and role_in(db, organization.org_id, caller.account_id) is None
    if organization is not None and is_outside and caller.is_global_admin:
        return find_requests(db, org_id=organization.org_id, requested_by=caller.account_id, page=page)
    return find_requests(db, org_id=require_org_admin(db, caller, org).org_id, requested_by=None, page=page)
