"""Somebody looks at where they are signed in."""

from sqlalchemy import Connection

from app.data.session_repository import ActiveSession, SessionRepository
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest
from app.domain.permissions import require_own_session

__all__ = ["list_own_sessions"]


def list_own_sessions(db: Connection, *, caller: Caller, page: PageRequest) -> Page[ActiveSession]:
    """The live ones, newest first. Raises: Forbidden outside an own session."""
    require_own_session(caller)
    return SessionRepository(db).find_active_sessions_by_user(caller.account_id, page)
