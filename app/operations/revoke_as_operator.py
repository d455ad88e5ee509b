"""An operator ends a credential from the command line: the same durable request as a handler's, without an account behind it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from app.data.account_closures import request_account_closure
from app.data.account_ends import request_account_end
from app.data.revocation_requests import lock_target, request_once
from app.data.rows import Row, one_row
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.errors import NotFound
from app.domain.ids import AccountId, ApiTokenId, SessionId
from app.domain.revocation_request import Requested, RevocationKind, RevocationRequest

__all__ = ["OperatorTarget", "revoke_as_operator"]

OPERATOR = "cutoff revoke"


class OperatorTarget(StrEnum):
    """What the id is, and what ends: one session, one API token, all of either kind, or everything of an account."""

    SESSION = "session"
    TOKEN = "token"
    ACCOUNT_SESSIONS = "account-sessions"
    ACCOUNT_TOKENS = "account-tokens"
    SUSPEND = "suspend"


def revoke_as_operator(db: Session, target: OperatorTarget, *, target_id: UUID) -> Requested:
    """The request is durable, and account-wide ends count from its commit. Ending what is over returns its revocation.

    Raises: NotFound; Conflict("last_global_admin") for suspending the only one left.
    """
    return _REQUESTS[target](db, target_id)


def _session(db: Session, target_id: UUID) -> Requested:
    query = "SELECT account_id, terminated_at AS ended_at FROM session WHERE id = %(id)s"
    row = one_row(db, query, id=target_id)
    if row is None:
        raise NotFound("session")
    kind, reason = RevocationKind.SESSION_REVOKE, Reason.SESSION_REVOKED
    request = _request(kind, reason, target_id=SessionId(target_id), account_id=row["account_id"])
    return _once(db, request, query=query)


def _token(db: Session, target_id: UUID) -> Requested:
    query = "SELECT account_id, revoked_at AS ended_at FROM api_token WHERE id = %(id)s"
    row = one_row(db, query, id=target_id)
    if row is None:
        raise NotFound("api_token")
    kind, reason = RevocationKind.TOKEN_REVOKE, Reason.TOKEN_REVOKED
    request = _request(kind, reason, target_id=ApiTokenId(target_id), account_id=row["account_id"])
    return _once(db, request, query=query)


def _account_sessions(db: Session, target_id: UUID) -> Requested:
    request = _account_request(RevocationKind.SESSION_REVOKE_ALL, Reason.ALL_SESSIONS_REVOKED, target_id)
    return request_account_end(db, request, AccountId(target_id), stamps=(CredentialType.SESSION,))


def _account_tokens(db: Session, target_id: UUID) -> Requested:
    request = _account_request(RevocationKind.TOKEN_REVOKE_ALL, Reason.ALL_TOKENS_REVOKED, target_id)
    return request_account_end(db, request, AccountId(target_id), stamps=(CredentialType.API_TOKEN,))


def _suspend(db: Session, target_id: UUID) -> Requested:
    request = _account_request(RevocationKind.ACCOUNT_SUSPEND, Reason.ACCOUNT_SUSPENDED, target_id)
    return request_account_closure(db, request, AccountId(target_id), mark="suspended_at")


def _once(db: Session, request: RevocationRequest, *, query: str) -> Requested:
    """`query` looks at the target."""
    lock_target(db, request.target_id)

    def is_live() -> bool:
        return _is_live(one_row(db, query, id=request.target_id))

    return request_once(db, request, is_live=is_live(), look_again=is_live)


def _is_live(row: Row | None) -> bool:
    return row is not None and row["ended_at"] is None


def _account_request(kind: RevocationKind, reason: Reason, target_id: UUID) -> RevocationRequest:
    return _request(kind, reason, target_id=AccountId(target_id), account_id=AccountId(target_id))


def _request(
    kind: RevocationKind,
    reason: Reason,
    *,
    target_id: SessionId | ApiTokenId | AccountId,
    account_id: AccountId,
) -> RevocationRequest:
    return RevocationRequest(
        kind=kind,
        reason=reason,
        target_id=target_id,
        account_id=account_id,
        requested_by=None,
        requested_from=OPERATOR,
        credential_type=None,
    )


_REQUESTS: Mapping[OperatorTarget, Callable[[Session, UUID], Requested]] = {
    OperatorTarget.SESSION: _session,
    OperatorTarget.TOKEN: _token,
    OperatorTarget.ACCOUNT_SESSIONS: _account_sessions,
    OperatorTarget.ACCOUNT_TOKENS: _account_tokens,
    OperatorTarget.SUSPEND: _suspend,
}
