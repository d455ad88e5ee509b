"""Somebody ends one of their own sessions."""

from sqlalchemy import Connection

from app.data.session_rows import find_session_of
from app.data.single_ends import request_session_end
from app.domain.caller import Caller
from app.domain.ids import SessionId
from app.domain.permissions import require_own_session
from app.domain.revocation_request import Idempotency, Requested

__all__ = ["end_own_session"]


def end_own_session(
    db: Connection, *, caller: Caller, session_id: SessionId, idempotency: Idempotency | None = None
) -> Requested:
    """The end of the session is on record. One that has ended already succeeds, with the receipt that there is.

    Raises: Forbidden outside an own session; NotFound for an unknown id and for somebody else's; Conflict for an
    idempotency key that came with another request.
    """
    require_own_session(caller)
    return request_session_end(
        db,
        caller=caller,
        session_id=session_id,
        find=lambda: find_session_of(db, session_id, owner=caller.account_id),
        idempotency=idempotency,
    )
