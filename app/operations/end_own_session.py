"""Somebody ends one of their own sessions."""

from functools import partial

from sqlalchemy import Connection

from app.data.engine import Database
from app.data.own_end_requests import request_own_end
from app.data.session_rows import find_session_of
from app.data.single_ends import request_session_end
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.ids import SessionId
from app.domain.permissions import require_own_session
from app.domain.revocation_request import Idempotency, Requested, RevocationKind

__all__ = ["end_own_session", "end_own_session_at_once"]


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


def end_own_session_at_once(
    database: Database, *, caller: Caller, session_id: SessionId, idempotency: Idempotency | None = None
) -> Requested:
    """What `end_own_session` does, committed; in one round trip where the session is live and nobody has asked before."""
    require_own_session(caller)
    return request_own_end(
        database,
        partial(end_own_session, session_id=session_id),
        caller=caller,
        kind=RevocationKind.SESSION_REVOKE,
        reason=Reason.SESSION_REVOKED,
        target_id=session_id,
        idempotency=idempotency,
    )
