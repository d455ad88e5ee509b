"""Somebody ends all of their own sessions, or all but the one they are asking from."""

from sqlalchemy import Connection

from app.data.account_ends import request_account_end
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.permissions import require_own_session
from app.domain.revocation_request import Idempotency, Requested, RevocationKind, requested_of

__all__ = ["end_all_own_sessions"]


def end_all_own_sessions(
    db: Connection, *, caller: Caller, except_current: bool, idempotency: Idempotency | None = None
) -> Requested:
    """All sessions issued so far are dead from the commit on; with `except_current`, the others end when it is performed.

    Raises: Forbidden outside an own session; Conflict for an idempotency key that came with another request.
    """
    require_own_session(caller)
    request = requested_of(
        caller,
        kind=RevocationKind.SESSION_REVOKE_ALL,
        reason=Reason.ALL_SESSIONS_REVOKED,
        target_id=caller.account_id,
        account_id=caller.account_id,
        sparing_session_id=caller.session_id if except_current else None,
        idempotency=idempotency,
    )
    stamps = () if except_current else (CredentialType.SESSION,)
    return request_account_end(db, request, caller.account_id, stamps=stamps)
