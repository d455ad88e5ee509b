"""Exactly the right sockets: what a closure means for a socket, given the credential that it came with."""

from app.domain.closing import Closing, Reason, closing_for_reason
from app.domain.credentials import CredentialType
from app.domain.targets import Cause, TargetKind

__all__ = ["closing_for", "precedence"]


def closing_for(kind: TargetKind, cause: Cause, credential: CredentialType) -> Closing:
    """What the socket of a matching target is told.

    An account's closure names the types of credential that it invalidated; a socket on another type still
    has a valid credential, and is told to reconnect.
    """
    if kind is TargetKind.ACCOUNT and credential not in cause.invalidates:
        return closing_for_reason(Reason.RECONNECT, credential)
    return closing_for_reason(cause.reason, credential)


def precedence(kind: TargetKind, cause: Cause) -> int:
    """Sort key for closures that are applied together: what says "revoked" comes before what says "reconnect"."""
    if kind is not TargetKind.ACCOUNT:
        return 0
    return 1 if cause.invalidates else 2
