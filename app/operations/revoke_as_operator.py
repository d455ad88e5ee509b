"""An operator ends a credential from the command line: the same durable request as a handler's, without an account behind it."""

from collections.abc import Callable, Mapping
from uuid import UUID

from sqlalchemy import Connection

from app.data.account_closures import request_account_closure
from app.data.account_ends import request_account_end
from app.data.revocation_requests import lock_target, request_once
from app.data.rows import Row, one_row
from app.data.support_grants import find_grant
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.errors import NotFound
from app.domain.ids import AccountId, ApiTokenId, GrantId, OrgId, SessionId
from app.domain.operator_target import OperatorTarget
from app.domain.revocation_request import Requested, RevocationKind, RevocationRequest, RevocationTarget

__all__ = ["revoke_as_operator"]

OPERATOR = "cutoff revoke"


def revoke_as_operator(db: Connection, target: OperatorTarget, *, target_id: UUID) -> Requested:
    """The request is durable, and account-wide ends count from its commit. Ending what is over returns its revocation.

    Raises: NotFound; Conflict("last_global_admin") for suspending or deleting the only one left.
    """
    return _REQUESTS[target](db, target_id)


def _session(db: Connection, target_id: UUID) -> Requested:
    query = "SELECT account_id, terminated_at AS ended_at FROM session WHERE id = %(id)s"
    row = one_row(db, query, id=target_id)
    if row is None:
        raise NotFound("session")
    kind, reason = RevocationKind.SESSION_REVOKE, Reason.SESSION_REVOKED
    request = _request(kind, reason, target_id=SessionId(target_id), account_id=row["account_id"])
    return _once(db, request, query=query)


def _token(db: Connection, target_id: UUID) -> Requested:
    query = "SELECT account_id, revoked_at AS ended_at FROM api_token WHERE id = %(id)s"
    row = one_row(db, query, id=target_id)
    if row is None:
        raise NotFound("api_token")
    kind, reason = RevocationKind.TOKEN_REVOKE, Reason.TOKEN_REVOKED
    request = _request(kind, reason, target_id=ApiTokenId(target_id), account_id=row["account_id"])
    return _once(db, request, query=query)


def _grant(db: Connection, target_id: UUID) -> Requested:
    grant_id = GrantId(target_id)
    grant = find_grant(db, grant_id)
    if grant is None:
        raise NotFound("support_grant")
    kind, reason = RevocationKind.SUPPORT_GRANT_END, Reason.SUPPORT_ACCESS_REVOKED
    request = _request(kind, reason, target_id=grant_id, account_id=None, org_id=grant.org_id)
    lock_target(db, grant_id)

    def is_usable() -> bool:
        latest = find_grant(db, grant_id)
        return latest is not None and latest.is_usable

    return request_once(db, request, is_live=is_usable(), look_again=is_usable)


def _account_sessions(db: Connection, target_id: UUID) -> Requested:
    request = _account_request(RevocationKind.SESSION_REVOKE_ALL, Reason.ALL_SESSIONS_REVOKED, target_id)
    return request_account_end(db, request, AccountId(target_id), stamps=(CredentialType.SESSION,))


def _account_tokens(db: Connection, target_id: UUID) -> Requested:
    request = _account_request(RevocationKind.TOKEN_REVOKE_ALL, Reason.ALL_TOKENS_REVOKED, target_id)
    return request_account_end(db, request, AccountId(target_id), stamps=(CredentialType.API_TOKEN,))


def _suspend(db: Connection, target_id: UUID) -> Requested:
    request = _account_request(RevocationKind.ACCOUNT_SUSPEND, Reason.ACCOUNT_SUSPENDED, target_id)
    return request_account_closure(db, request, AccountId(target_id), mark="suspended_at")


def _delete(db: Connection, target_id: UUID) -> Requested:
    request = _account_request(RevocationKind.ACCOUNT_DELETE, Reason.ACCOUNT_DELETED, target_id)
    return request_account_closure(db, request, AccountId(target_id), mark="deleted_at")


def _once(db: Connection, request: RevocationRequest, *, query: str) -> Requested:
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
    target_id: RevocationTarget,
    account_id: AccountId | None,
    org_id: OrgId | None = None,
) -> RevocationRequest:
    return RevocationRequest(
        kind=kind,
        reason=reason,
        target_id=target_id,
        account_id=account_id,
        org_id=org_id,
        requested_by=None,
        requested_from=OPERATOR,
        credential_type=None,
    )


_REQUESTS: Mapping[OperatorTarget, Callable[[Connection, UUID], Requested]] = {
    OperatorTarget.SESSION: _session,
    OperatorTarget.TOKEN: _token,
    OperatorTarget.GRANT: _grant,
    OperatorTarget.ACCOUNT_SESSIONS: _account_sessions,
    OperatorTarget.ACCOUNT_TOKENS: _account_tokens,
    OperatorTarget.SUSPEND: _suspend,
    OperatorTarget.DELETE: _delete,
}
