"""What the words of the protocol mean, in sentences for people."""

from app.domain.closing import Reason
from app.domain.errors import (
    Conflict,
    CutoffError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)

__all__ = ["ended_because", "sentence_for", "why_signed_out"]


def why_signed_out(reason: str) -> str:
    """What the sign-in page says to somebody who was brought there; empty for nothing, or a word that is not ours."""
    return _SIGNED_OUT.get(reason, "")


def ended_because(reason: str | None) -> str:
    """Why a session or token is over, as a phrase; the word itself where it is a newer version's."""
    return _ENDED.get(reason or "", (reason or "ended").replace("_", " "))


def sentence_for(error: CutoffError) -> str:
    """What went wrong, and what to do about it."""
    match error:
        case Conflict(rule=rule):
            return _RULES.get(rule, f"This contradicts the present state: {rule.replace('_', ' ')}.")
        case Invalid(field=field, rule=rule):
            return f"{_FIELDS.get(field, field.replace('_', ' '))}: {rule.replace('_', ' ')}."
        case RateLimited(retry_after_s=seconds):
            return f"Too many attempts. Try again in {seconds} seconds."
        case Unavailable():
            return "Something we depend on does not answer. Nothing is lost; try again in a moment."
        case _:
            return _about_people(error)


def _about_people(error: CutoffError) -> str:
    match error:
        case Unauthenticated(reason="wrong_password"):
            return "The current password is not right."
        case Unauthenticated():
            return "You are not signed in."
        case Forbidden(needs="same_origin"):
            return "This did not come from our own page. Open the page again and repeat it there."
        case Forbidden():
            return "You may not do this."
        case NotFound(what=what):
            return f"There is no such {what.replace('_', ' ')}, or it is not yours to see."
        case _:
            return "Something went wrong on our side."


_SIGNED_OUT: dict[str, str] = {
    Reason.REVOKED: "You were signed out: your access was ended.",
    Reason.SESSION_REVOKED: "Your session was ended.",
    Reason.ALL_SESSIONS_REVOKED: "All your sessions were ended.",
    Reason.TOKEN_REVOKED: "The API token was revoked.",
    Reason.ALL_TOKENS_REVOKED: "All your API tokens were revoked.",
    Reason.LOGGED_OUT: "You have signed out.",
    Reason.PASSWORD_CHANGED: "The password was changed, which ended all sessions. Sign in with the new one.",
    Reason.ACCOUNT_SUSPENDED: "Your account is suspended.",
    Reason.ACCOUNT_DELETED: "This account has been deleted.",
    Reason.REFRESH_TOKEN_REUSE: "Your session was ended, since one of its tokens was used twice.",
    Reason.SUPPORT_ACCESS_REVOKED: "The organization has ended your support access.",
    Reason.SUPPORT_ACCESS_ENDED: "The time of your support access is over.",
    Reason.SESSION_EXPIRED: "Your session has expired.",
    Reason.TOKEN_EXPIRED: "The API token has expired.",
    Reason.UNAUTHENTICATED: "Sign in to go on.",
    Reason.RECONNECT: "The connection was closed. Sign in if you are asked to.",
    Reason.HEARTBEAT_TIMEOUT: "The connection was lost.",
    Reason.POLICY_VIOLATION: "The connection was closed for breaking a rule.",
    Reason.FRAME_TOO_LARGE: "The connection was closed: too much at once.",
    Reason.INTERNAL_ERROR: "Something went wrong on our side.",
    Reason.NODE_SHUTTING_DOWN: "The server is restarting.",
    Reason.NODE_NOT_CURRENT: "The server cannot reach its database just now.",
}
_ENDED: dict[str, str] = {
    Reason.REVOKED: "ended",
    Reason.SESSION_REVOKED: "ended by hand",
    Reason.ALL_SESSIONS_REVOKED: "ended with all sessions",
    Reason.TOKEN_REVOKED: "revoked by hand",
    Reason.ALL_TOKENS_REVOKED: "revoked with all tokens",
    Reason.LOGGED_OUT: "signed out",
    Reason.PASSWORD_CHANGED: "the password was changed",
    Reason.ACCOUNT_SUSPENDED: "the account was suspended",
    Reason.ACCOUNT_DELETED: "the account was deleted",
    Reason.REFRESH_TOKEN_REUSE: "a refresh token was used twice",
    Reason.SUPPORT_ACCESS_REVOKED: "support access was ended",
    Reason.SUPPORT_ACCESS_ENDED: "support access was over",
    Reason.SESSION_EXPIRED: "expired",
    Reason.TOKEN_EXPIRED: "expired",
}
_FIELDS = {
    "email": "E-mail address",
    "password": "Password",
    "current_password": "Current password",
    "new_password": "New password",
    "expires_at": "End",
    "reason": "Reason",
    "purpose": "What for",
    "admin": "The person let in",
    "admin_account_id": "The person who asked",
    "url": "Address",
    "Idempotency-Key": "This form was altered",
}
_RULES = {
    "grant_is_over": "This access is over already. Let support in anew.",
    "request_is_over": "This request has been decided, or has lapsed.",
    "request_is_pending": "You have asked this organization already, and it has not decided yet.",
    "last_global_admin": "This is the last Global Admin who can sign in, so the account has to stay.",
    "idempotency_key_reused": "This form was sent before with other values. Open the page again.",
}
