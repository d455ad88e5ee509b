"""Somebody looks at what has become of their sessions and API tokens."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.recent_ends import RecentEnd, find_recent_ends
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest
from app.domain.permissions import require_own_session

__all__ = ["SHOWN_FOR", "list_recent_ends"]

SHOWN_FOR = timedelta(days=30)


def list_recent_ends(db: Connection, *, caller: Caller, page: PageRequest) -> Page[RecentEnd]:
    """What ended or expired within `SHOWN_FOR`, the last one first. Raises: Forbidden outside an own session."""
    require_own_session(caller)
    return find_recent_ends(db, caller.account_id, within=SHOWN_FOR, page=page)
