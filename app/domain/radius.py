"""Exactly the right sockets: what a closure means for a socket, given the credential that it came with."""

from collections.abc import Hashable, Iterable
from dataclasses import replace

from app.domain.closing import CloseCode, Closing, Reason, closing_for_reason
from app.domain.credentials import CredentialType
from app.domain.targets import Action, Cause, Closure, TargetKind

__all__ = ["closing_for", "in_order", "is_stronger", "precedence"]


def closing_for(kind: TargetKind, cause: Cause, credential: CredentialType) -> Closing:
    """What the socket of a matching target is told.

    An account's closure names the types of credential that it invalidated; a socket on another type still
    has a valid credential, and is told to reconnect.
    """
    if kind is TargetKind.ACCOUNT and credential not in cause.invalidates:
        return closing_for_reason(Reason.RECONNECT, credential)
    return closing_for_reason(cause.reason, credential)


def is_stronger(closing: Closing, present: Closing) -> bool:
    """Whether it replaces what the socket would have been told: a dead credential's closing does, one that invites back."""
    return closing.code in _FINAL and present.code not in _FINAL


def in_order(closures: Iterable[Closure]) -> list[Closure]:
    """The closures as they are to be applied together: what says "revoked" comes before what says "reconnect".

    Closures of one account from one transaction become one, which invalidates what any of them does: ending
    sessions in one statement and tokens in the next is the same as ending both at once.
    """
    given = tuple(closures)
    if len(given) <= 1:
        return list(given)
    merged: dict[Hashable, Closure] = {}
    for closure in given:
        key = _merge_key(closure)
        earlier = merged.get(key)
        merged[key] = closure if earlier is None else _union(earlier, closure)
    return sorted(merged.values(), key=precedence)


def _merge_key(closure: Closure) -> Hashable:
    is_account_close = closure.target.kind is TargetKind.ACCOUNT and closure.action is Action.CLOSE
    if is_account_close and closure.cause.transaction is not None:
        return closure.target.key, closure.cause.transaction
    return id(closure)


def _union(first: Closure, second: Closure) -> Closure:
    """The reason is that of the first that invalidates anything."""
    told = first.cause if first.cause.invalidates else second.cause
    invalidates = first.cause.invalidates | second.cause.invalidates
    return replace(first, cause=replace(told, invalidates=invalidates))


def precedence(closure: Closure) -> int:
    """What comes first among closures that are applied together, as a sort key."""
    if closure.target.kind is not TargetKind.ACCOUNT:
        return 0
    return 1 if closure.cause.invalidates else 2


_FINAL = frozenset({CloseCode.REVOKED, CloseCode.EXPIRED})
