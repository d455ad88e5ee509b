"""An organization's admin looks at who worked in the organization, when, and what for."""

from sqlalchemy import Connection

from app.data.organizations import require_org_admin
from app.data.support_uses import RecordedUse, find_uses
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest

__all__ = ["list_support_uses"]


def list_support_uses(db: Connection, *, caller: Caller, org: str, page: PageRequest) -> Page[RecordedUse]:
    """The support sessions there were, newest first.

    Raises: NotFound for an unknown organization and a foreign one; Forbidden to a member.
    """
    return find_uses(db, require_org_admin(db, caller, org).org_id, page)
