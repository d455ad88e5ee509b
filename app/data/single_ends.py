"""Asking for the end of one session or one API token: once, however often and however simultaneously it is asked for."""

from collections.abc import Callable

from sqlalchemy import Connection

from app.data.api_tokens import API_TOKEN_IS_LIVE, ApiTokenRow, find_revocation_of_token
from app.data.revocation_requests import find_by_idempotency_key, lock_target, request_while_live
from app.data.session_rows import SESSION_IS_LIVE, SessionRow, find_revocation_of_session
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.errors import NotFound
from app.domain.ids import ApiTokenId, SessionId
from app.domain.revocation_request import Idempotency, Requested, RevocationKind, requested_of

__all__ = ["request_session_end", "request_token_end"]


def request_session_end(
    db: Connection,
    *,
    caller: Caller,
    session_id: SessionId,
    find: Callable[[], SessionRow | None],
    idempotency: Idempotency | None,
    kind: RevocationKind = RevocationKind.SESSION_REVOKE,
    reason: Reason = Reason.SESSION_REVOKED,
) -> Requested:
    """A request to end the session that `find` answers with in the caller's scope.

    One that has ended already succeeds with the receipt of what ended it, and has nothing to perform, publish or
    audit; one whose end was asked for already, with that request.

    Raises: NotFound if `find` answers None; Conflict for an idempotency key that came with another request.
    """
    earlier = find_by_idempotency_key(db, caller.account_id, idempotency)
    if earlier is not None:
        return earlier
    lock_target(db, session_id)
    session = find()
    if session is None:
        raise NotFound("session")
    request = requested_of(
        caller,
        kind=kind,
        reason=reason,
        target_id=session_id,
        account_id=session.account_id,
        idempotency=idempotency,
    )
    return request_while_live(
        db, request, live=SESSION_IS_LIVE, ended_by=lambda: find_revocation_of_session(db, session)
    )


def request_token_end(
    db: Connection,
    *,
    caller: Caller,
    api_token_id: ApiTokenId,
    find: Callable[[], ApiTokenRow | None],
    idempotency: Idempotency | None,
) -> Requested:
    """A request to end the API token that `find` answers with; repeated as for a session.

    Raises: NotFound if `find` answers None; Conflict for an idempotency key that came with another request.
    """
    earlier = find_by_idempotency_key(db, caller.account_id, idempotency)
    if earlier is not None:
        return earlier
    lock_target(db, api_token_id)
    token = find()
    if token is None:
        raise NotFound("api_token")
    request = requested_of(
        caller,
        kind=RevocationKind.TOKEN_REVOKE,
        reason=Reason.TOKEN_REVOKED,
        target_id=api_token_id,
        account_id=token.account_id,
        idempotency=idempotency,
    )
    return request_while_live(
        db, request, live=API_TOKEN_IS_LIVE, ended_by=lambda: find_revocation_of_token(db, token)
    )
