"""What a socket depends on, and what its own read has taken into account already."""

from app.domain.credentials import ALL_CREDENTIAL_TYPES, CredentialType
from app.domain.targets import Cause, Target, TargetKind
from app.sockets.entry import Entry

__all__ = ["depends_on", "has_seen"]


def depends_on(entry: Entry, target: Target) -> bool:
    """Whether the socket depends on the target, by all that is known of it now."""
    match target.kind:
        case TargetKind.SESSION:
            return entry.credential_type is CredentialType.SESSION and entry.token_hash == target.key
        case TargetKind.TOKEN:
            return entry.api_token_id is not None and str(entry.api_token_id) == target.key
        case TargetKind.ACCOUNT:
            return entry.account_id is not None and str(entry.account_id) == target.key
        case TargetKind.GRANT:
            return entry.grant_id is not None and str(entry.grant_id) == target.key
        case TargetKind.TABLE:
            return entry.credential_type in _DEPENDENTS.get(target.key, frozenset())


def has_seen(entry: Entry, cause: Cause) -> bool:
    """Whether the socket's last read saw that transaction, so that its closure says nothing new of it (R12)."""
    return (
        cause.transaction is not None
        and entry.snapshot is not None
        and entry.snapshot.sees(cause.transaction)
    )


_DEPENDENTS = {
    "account": ALL_CREDENTIAL_TYPES,
    "session": frozenset({CredentialType.SESSION}),
    "api_token": frozenset({CredentialType.API_TOKEN}),
    "support_access_grant": frozenset({CredentialType.SESSION}),
}
