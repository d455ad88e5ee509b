"""A session's owner signs out."""

from sqlalchemy import Connection

from app.data.session_rows import find_session_of
from app.data.single_ends import request_session_end
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.permissions import require_any_session
from app.domain.revocation_request import Idempotency, Requested, RevocationKind

__all__ = ["request_logout"]


def request_logout(db: Connection, *, caller: Caller, idempotency: Idempotency | None = None) -> Requested:
    """The end of the caller's session is on record; the account's other sockets will be asked to reconnect.

    Raises: Forbidden without a session; Conflict for an idempotency key that came with another request.
    """
    require_any_session(caller)
    session_id = caller.session_id
    assert session_id is not None
    return request_session_end(
        db,
        caller=caller,
        session_id=session_id,
        find=lambda: find_session_of(db, session_id, owner=caller.account_id),
        idempotency=idempotency,
        kind=RevocationKind.LOGOUT,
        reason=Reason.LOGGED_OUT,
    )
