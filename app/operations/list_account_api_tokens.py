"""A Global Admin looks at somebody's API tokens."""

from sqlalchemy import Connection

from app.data.api_tokens import ApiToken, find_live_api_tokens
from app.data.scope import require_account_in_scope
from app.domain.caller import Caller
from app.domain.ids import AccountId
from app.domain.paging import Page, PageRequest
from app.domain.permissions import require_global_admin

__all__ = ["list_account_api_tokens"]


def list_account_api_tokens(
    db: Connection, *, caller: Caller, account_id: AccountId, page: PageRequest
) -> Page[ApiToken]:
    """The account's live API tokens by name and dates, newest first; the tokens themselves nobody can show.

    Raises: Forbidden; NotFound for an unknown account.
    """
    require_global_admin(caller)
    require_account_in_scope(db, caller, account_id)
    return find_live_api_tokens(db, account_id, page)
