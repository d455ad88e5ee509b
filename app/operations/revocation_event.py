"""A performed revocation as the one success event of the audit trail."""

from collections.abc import Mapping
from typing import Any

from app.data.audit import AuditEvent
from app.data.revocations import Revocation
from app.domain.revocation_request import RevocationKind

__all__ = ["event_of"]

TARGET_COLUMNS: Mapping[str, str] = {
    RevocationKind.SESSION_REVOKE: "session_id",
    RevocationKind.LOGOUT: "session_id",
    RevocationKind.REFRESH_TOKEN_REUSE: "session_id",
    RevocationKind.TOKEN_REVOKE: "api_token_id",
    RevocationKind.SUPPORT_GRANT_END: "grant_id",
}
"""Where the target's id goes, for kinds that aim at one thing; the others aim at the account."""


def event_of(revocation: Revocation) -> AuditEvent | None:
    """The event; None for one that aimed at a single thing and found it over: that has its event already."""
    column = TARGET_COLUMNS.get(revocation.kind)
    if column is not None and not revocation.ended:
        return None
    ids: dict[str, Any] = {} if column is None else {column: revocation.target_id}
    return AuditEvent(
        type=revocation.kind,
        actor_id=revocation.requested_by,
        account_id=revocation.account_id,
        org_id=revocation.org_id,
        revocation_id=revocation.revocation_id,
        credential_type=revocation.credential_type,
        reason=revocation.reason,
        ip_address=revocation.requested_from,
        metadata=_counts(revocation),
        **ids,
    )


def _counts(revocation: Revocation) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "sessions_ended": revocation.ended.sessions,
        "tokens_ended": revocation.ended.tokens,
        "grants_ended": revocation.ended.grants,
    }
    spared = revocation.sparing_session_id
    more = {} if spared is None else {"spared_session_id": str(spared)}
    if revocation.kind == RevocationKind.MASS_REVOCATION:
        more["mass_revocation_id"] = str(revocation.target_id)
    return {**counts, **more}
