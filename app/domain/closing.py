"""How a socket ends because of us: close code, reason, and what the client should do next.

The words are a closed set: the same in the `closing` message, the audit event, the receipt, the body of a
401 and the metrics.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache

from app.domain.credentials import CredentialType

__all__ = ["CloseCode", "Closing", "Reason", "Retry", "closing_for_reason"]


class CloseCode(IntEnum):
    """Numbers on the close frame (RFC 6455, section 7.4); 4000 to 4999 are ours."""

    POLICY_VIOLATION = 1008
    FRAME_TOO_LARGE = 1009
    INTERNAL_ERROR = 1011
    NODE_SHUTTING_DOWN = 1012
    NODE_NOT_CURRENT = 1013
    REVOKED = 4001
    EXPIRED = 4002
    HEARTBEAT_TIMEOUT = 4003
    RECONNECT = 4005


class Retry(StrEnum):
    """What helps: coming back at once, refreshing first, signing in again, or nothing."""

    NEVER = "never"
    NOW = "now"
    AFTER_REFRESH = "after_refresh"
    AFTER_SIGN_IN = "after_sign_in"


class Reason(StrEnum):
    """Why a credential is dead, or why its socket closes though it is not."""

    REVOKED = "revoked"
    SESSION_REVOKED = "session_revoked"
    ALL_SESSIONS_REVOKED = "all_sessions_revoked"
    TOKEN_REVOKED = "token_revoked"
    ALL_TOKENS_REVOKED = "all_tokens_revoked"
    LOGGED_OUT = "logged_out"
    PASSWORD_CHANGED = "password_changed"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_DELETED = "account_deleted"
    REFRESH_TOKEN_REUSE = "refresh_token_reuse"
    SUPPORT_ACCESS_REVOKED = "support_access_revoked"
    SUPPORT_ACCESS_ENDED = "support_access_ended"
    SESSION_EXPIRED = "session_expired"
    TOKEN_EXPIRED = "token_expired"
    UNAUTHENTICATED = "unauthenticated"
    RECONNECT = "reconnect"
    HEARTBEAT_TIMEOUT = "heartbeat_timeout"
    POLICY_VIOLATION = "policy_violation"
    FRAME_TOO_LARGE = "frame_too_large"
    INTERNAL_ERROR = "internal_error"
    NODE_SHUTTING_DOWN = "node_shutting_down"
    NODE_NOT_CURRENT = "node_not_current"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What the peer is told."""

    code: CloseCode
    reason: Reason
    retry: Retry | None


@cache
def closing_for_reason(reason: Reason, credential: CredentialType, *, can_refresh: bool = False) -> Closing:
    """What a socket on that credential is told when it ends for `reason`.

    `can_refresh` says, for a session that has expired, whether a refresh can still help.
    """
    operational = _OPERATIONAL.get(reason)
    if operational is not None:
        return Closing(code=operational[0], reason=reason, retry=operational[1])
    is_expiry = reason in {Reason.SESSION_EXPIRED, Reason.TOKEN_EXPIRED}
    return Closing(
        code=CloseCode.EXPIRED if is_expiry else CloseCode.REVOKED,
        reason=reason,
        retry=_retry_after_end(credential, can_refresh=is_expiry and can_refresh),
    )


def _retry_after_end(credential: CredentialType, *, can_refresh: bool) -> Retry:
    if credential is CredentialType.API_TOKEN:
        return Retry.NEVER
    return Retry.AFTER_REFRESH if can_refresh else Retry.AFTER_SIGN_IN


_OPERATIONAL: dict[Reason, tuple[CloseCode, Retry | None]] = {
    Reason.RECONNECT: (CloseCode.RECONNECT, Retry.NOW),
    Reason.HEARTBEAT_TIMEOUT: (CloseCode.HEARTBEAT_TIMEOUT, Retry.NOW),
    Reason.NODE_SHUTTING_DOWN: (CloseCode.NODE_SHUTTING_DOWN, Retry.NOW),
    Reason.NODE_NOT_CURRENT: (CloseCode.NODE_NOT_CURRENT, Retry.NOW),
    Reason.POLICY_VIOLATION: (CloseCode.POLICY_VIOLATION, None),
    Reason.FRAME_TOO_LARGE: (CloseCode.FRAME_TOO_LARGE, None),
    Reason.INTERNAL_ERROR: (CloseCode.INTERNAL_ERROR, None),
}
