"""What is asked for when a credential is to end early: the durable request, before anything has ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import (
    AccountId,
    ApiTokenId,
    GrantId,
    MassRevocationId,
    OrgId,
    RevocationId,
    SessionId,
)
from app.domain.receipts import Receipt
from app.domain.targets import Announced

__all__ = [
    "Idempotency",
    "Requested",
    "RevocationKind",
    "RevocationRequest",
    "RevocationTarget",
    "requested_of",
]


class RevocationKind(StrEnum):
    """What a revocation ends; the same word is the type of its audit event."""

    SESSION_REVOKE = "session_revoke"
    SESSION_REVOKE_ALL = "session_revoke_all"
    TOKEN_REVOKE = "token_revoke"
    TOKEN_REVOKE_ALL = "token_revoke_all"
    PASSWORD_CHANGE = "password_change"
    LOGOUT = "logout"
    REFRESH_TOKEN_REUSE = "refresh_token_reuse"
    ACCOUNT_SUSPEND = "account_suspend"
    ACCOUNT_DELETE = "account_delete"
    SUPPORT_GRANT_END = "support_grant_end"
    MASS_REVOCATION = "mass_revocation"
    SESSION_EXPIRE = "session_expire"
    TOKEN_EXPIRE = "token_expire"


RevocationTarget: TypeAlias = SessionId | ApiTokenId | AccountId | GrantId | MassRevocationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """The caller's own name for a request (`Idempotency-Key`), and a digest of what it asked for."""

    key: str
    request_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationRequest:
    """Whom a revocation aims at, why, and who asked. `issued_up_to` spares whatever is issued later."""

    kind: RevocationKind
    reason: Reason
    target_id: RevocationTarget
    account_id: AccountId | None
    org_id: OrgId | None = None
    sparing_session_id: SessionId | None = None
    issued_up_to: datetime | None = None
    requested_by: AccountId | None
    requested_from: str
    credential_type: CredentialType | None
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """The revocation that answers a request.

    `is_new` is False where nothing is left to do for it: the request had come before, or what it aims at is over.
    `receipt`: of a new one, as its commit leaves it. `stamped` is what its own transaction has ended already, by a
    stamp on the account; true from the commit on.
    """

    revocation_id: RevocationId
    is_new: bool
    receipt: Receipt | None = None
    stamped: Announced | None = None


def requested_of(
    caller: Caller,
    *,
    kind: RevocationKind,
    reason: Reason,
    target_id: RevocationTarget,
    account_id: AccountId | None,
    org_id: OrgId | None = None,
    sparing_session_id: SessionId | None = None,
    issued_up_to: datetime | None = None,
    idempotency: Idempotency | None = None,
) -> RevocationRequest:
    """The request as this caller makes it."""
    return RevocationRequest(
        kind=kind,
        reason=reason,
        target_id=target_id,
        account_id=account_id,
        org_id=org_id,
        sparing_session_id=sparing_session_id,
        issued_up_to=issued_up_to,
        requested_by=caller.account_id,
        requested_from=caller.address,
        credential_type=caller.credential_type,
        idempotency=idempotency,
    )
