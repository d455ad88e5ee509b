"""An organization's admin looks at what the organization was told."""

from sqlalchemy import Connection

from app.data.notices import Notice, find_notices
from app.data.organizations import require_org_admin
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest

__all__ = ["list_notices"]


def list_notices(db: Connection, *, caller: Caller, org: str, page: PageRequest) -> Page[Notice]:
    """The organization's notices, newest first, with how their deliveries stand.

    Raises: NotFound for an unknown organization and a foreign one; Forbidden to a member.
    """
    return find_notices(db, require_org_admin(db, caller, org).org_id, page)
