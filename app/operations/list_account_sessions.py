"""An admin looks at where somebody is signed in."""

from sqlalchemy import Connection

from app.data.scope import require_account_in_scope
from app.data.session_repository import ActiveSession, SessionRepository
from app.domain.caller import Caller
from app.domain.ids import AccountId
from app.domain.paging import Page, PageRequest

__all__ = ["list_account_sessions"]


def list_account_sessions(
    db: Connection, *, caller: Caller, account_id: AccountId, page: PageRequest
) -> Page[ActiveSession]:
    """The account's live sessions, newest first. Raises: Forbidden; NotFound out of the admin's scope."""
    require_account_in_scope(db, caller, account_id)
    return SessionRepository(db).find_active_sessions_by_user(account_id, page)
