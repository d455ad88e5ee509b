"""An organization's admin looks for its members."""

from sqlalchemy import Connection

from app.data.account_search import AccountSummary, find_members
from app.data.scope import require_admin
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest

__all__ = ["list_members"]


def list_members(
    db: Connection, *, caller: Caller, search: str = "", page: PageRequest
) -> Page[AccountSummary]:
    """Members of the organizations that the caller is an admin of, by a part of e-mail address or name.

    A Global Admin, too, sees only those here: none, without a role of their own. Raises: Forbidden.
    """
    require_admin(db, caller)
    return find_members(db, caller=caller.account_id, search=search, page=page)
