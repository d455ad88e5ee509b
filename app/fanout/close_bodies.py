"""Closures as the body of a message, and back."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import RevocationId, TransactionId
from app.domain.radius import in_order
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.fanout.wire_models import MAX_TARGETS, CloseBody

__all__ = ["bodies_of", "closures_in", "is_speakable"]


def is_speakable(closure: Closure) -> bool:
    """Whether the bus may carry it: with its transaction, and no table closed outright."""
    closes_table = closure.action is Action.CLOSE and closure.target.kind is TargetKind.TABLE
    return closure.cause.transaction is not None and not closes_table


def bodies_of(closures: Sequence[Closure], *, system_identifier: str) -> Iterator[dict[str, Any]]:
    """Bodies that carry those closures: one transaction, reason and revocation each, at most 500 targets.

    What says "revoked" comes before what says "reconnect", whatever the order given: a receiver may act on each
    message as it comes.
    """
    groups: dict[tuple[object, ...], list[Closure]] = defaultdict(list)
    for closure in in_order(closures):
        cause = closure.cause
        groups[cause.transaction, cause.revocation_id, cause.reason].append(closure)
    for group in groups.values():
        for start in range(0, len(group), MAX_TARGETS):
            yield _body(group[start : start + MAX_TARGETS], system_identifier)


def closures_in(body: CloseBody) -> Iterator[Closure]:
    """The closures of a body. A reason of a newer version is "revoked"; its types of credential are left out,
    since no socket of ours came with one.
    """
    causes: dict[tuple[str, ...], Cause] = {}
    for item in body.closures:
        invalidated = tuple(item.invalidates)
        if invalidated not in causes:
            causes[invalidated] = _cause(body, invalidated)
        target = Target(_TARGET_KINDS[item.target.kind], item.target.key)
        yield Closure(action=_ACTIONS[item.action], target=target, cause=causes[invalidated])


def _cause(body: CloseBody, invalidated: tuple[str, ...]) -> Cause:
    return Cause(
        reason=_REASONS.get(body.reason, Reason.REVOKED),
        invalidates=frozenset(_CREDENTIAL_TYPES[word] for word in invalidated if word in _CREDENTIAL_TYPES),
        transaction=TransactionId(int(body.transaction)),
        revocation_id=None if body.revocation is None else RevocationId(UUID(body.revocation)),
        committed_after=_instant(body.committed_after),
    )


def _body(closures: Sequence[Closure], system_identifier: str) -> dict[str, Any]:
    cause = closures[0].cause
    written = cause.committed_after
    return {
        "kind": "close",
        "system": system_identifier,
        "transaction": str(cause.transaction),
        "revocation": None if cause.revocation_id is None else str(cause.revocation_id),
        "reason": cause.reason,
        "committed_after": None if written is None else written.astimezone(UTC).isoformat(),
        "closures": [_item(closure) for closure in closures],
    }


def _item(closure: Closure) -> dict[str, Any]:
    return {
        "action": closure.action,
        "target": {"kind": closure.target.kind, "key": closure.target.key},
        "invalidates": sorted(closure.cause.invalidates),
    }


def _instant(text: str | None) -> datetime | None:
    """None for a day that no calendar has: the instant serves for latencies only."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None


# Looked up for each closure of a storm: a mapping is several times as fast as an enumeration's call.
_ACTIONS: dict[str, Action] = {action.value: action for action in Action}
_CREDENTIAL_TYPES: dict[str, CredentialType] = {word.value: word for word in CredentialType}
_REASONS: dict[str, Reason] = {reason.value: reason for reason in Reason}
_TARGET_KINDS: dict[str, TargetKind] = {kind.value: kind for kind in TargetKind}
