"""A session's owner signs out."""

from sqlalchemy import Connection

from app.data.engine import Database
from app.data.own_end_requests import request_own_end
from app.data.session_rows import find_session_of
from app.data.single_ends import request_session_end
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.ids import SessionId
from app.domain.permissions import require_any_session
from app.domain.revocation_request import Idempotency, Requested, RevocationKind

__all__ = ["request_logout", "request_logout_at_once"]


def request_logout(db: Connection, *, caller: Caller, idempotency: Idempotency | None = None) -> Requested:
    """The end of the caller's session is on record; the account's other sockets will be asked to reconnect.

    Raises: Forbidden without a session; Conflict for an idempotency key that came with another request.
    """
    session_id = _session_of(caller)
    return request_session_end(
        db,
        caller=caller,
        session_id=session_id,
        find=lambda: find_session_of(db, session_id, owner=caller.account_id),
        idempotency=idempotency,
        kind=RevocationKind.LOGOUT,
        reason=Reason.LOGGED_OUT,
    )


def request_logout_at_once(
    database: Database, *, caller: Caller, idempotency: Idempotency | None = None
) -> Requested:
    """What `request_logout` does, committed; in one round trip where nobody has asked before."""
    return request_own_end(
        database,
        request_logout,
        caller=caller,
        kind=RevocationKind.LOGOUT,
        reason=Reason.LOGGED_OUT,
        target_id=_session_of(caller),
        idempotency=idempotency,
    )


def _session_of(caller: Caller) -> SessionId:
    require_any_session(caller)
    assert caller.session_id is not None
    return caller.session_id
