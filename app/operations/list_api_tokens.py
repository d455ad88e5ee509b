"""Somebody looks at the API tokens of their account."""

from sqlalchemy import Connection

from app.data.api_tokens import ApiToken, find_live_api_tokens
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest
from app.domain.permissions import require_own_session

__all__ = ["list_api_tokens"]


def list_api_tokens(db: Connection, *, caller: Caller, page: PageRequest) -> Page[ApiToken]:
    """The live ones, newest first. Raises: Forbidden outside an own session."""
    require_own_session(caller)
    return find_live_api_tokens(db, caller.account_id, page)
