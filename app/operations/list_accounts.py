"""An admin looks for accounts."""

from sqlalchemy import Connection

from app.data.account_search import AccountSummary, find_accounts
from app.data.scope import require_admin
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest

__all__ = ["list_accounts"]


def list_accounts(
    db: Connection, *, caller: Caller, search: str = "", with_deleted: bool = False, page: PageRequest
) -> Page[AccountSummary]:
    """Accounts in the admin's scope whose e-mail address or name contains `search`; deleted ones for Global Admins only.

    Raises: Forbidden.
    """
    require_admin(db, caller)
    return find_accounts(db, caller=caller.account_id, search=search, with_deleted=with_deleted, page=page)
