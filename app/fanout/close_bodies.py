"""Closures as the bodies of messages; `close_reading` is the way back."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import cast

from msgspec import UNSET, Raw
from msgspec.json import Encoder

from app.domain.radius import in_order
from app.domain.targets import Action, Cause, Closure, TargetKind
from app.fanout.wire_models import (
    MAX_TARGETS,
    AnyKind,
    CauseItem,
    CloseBody,
    CloseItem,
    CloseManyBody,
    CredentialKind,
    Numbers,
    TargetItem,
)

__all__ = ["CAUSES_A_MESSAGE", "body_of", "is_speakable", "lots_of"]

CAUSES_A_MESSAGE = 200
"""With a target each, some 40 KiB; 53, where none has anything in common with the first."""


def is_speakable(closure: Closure) -> bool:
    """Whether the bus may carry it: with its transaction, and no table closed outright."""
    closes_table = closure.action is Action.CLOSE and closure.target.kind is TargetKind.TABLE
    return closure.cause.transaction is not None and not closes_table


def lots_of(closures: Sequence[Closure]) -> Iterator[list[Closure]]:
    """The closures in lots for a message each, of at most 500 targets and 200 causes.

    What says "revoked" comes before what says "reconnect", whatever the order given: a receiver may act on each
    message as it comes.
    """
    if len(closures) == 1:  # nearly always, and somebody's socket waits for it
        yield list(closures)
        return
    lot: list[Closure] = []
    causes: set[Cause] = set()
    for closure in in_order(closures):
        is_full = len(causes) == CAUSES_A_MESSAGE and closure.cause not in causes
        if len(lot) == MAX_TARGETS or is_full:
            yield lot
            lot, causes = [], set()
        lot.append(closure)
        causes.add(closure.cause)
    if lot:
        yield lot


def body_of(closures: Sequence[Closure], *, system_identifier: str) -> CloseBody | CloseManyBody:
    """The body that carries these closures, of which there is at least one.

    A single transaction's are said as every version of a node understands it. One that does not know the
    other form drops it, and reads the log.
    """
    first = closures[0].cause
    is_one = len(closures) == 1 or all(_has_same_head(first, closure.cause) for closure in closures)
    return _one(closures, system_identifier) if is_one else _many(closures, system_identifier)


def _has_same_head(first: Cause, cause: Cause) -> bool:
    return cause is first or (
        cause.transaction == first.transaction
        and cause.revocation_id == first.revocation_id
        and cause.reason is first.reason
    )


def _one(closures: Sequence[Closure], system_identifier: str) -> CloseBody:
    cause = closures[0].cause
    return CloseBody(
        system=system_identifier,
        transaction=str(cause.transaction),
        revocation=_revocation(cause),
        reason=cause.reason.value,
        committed_after=_instant(cause),
        closures=[_item(closure) for closure in closures],
    )


def _item(closure: Closure) -> CloseItem:
    target = TargetItem(closure.target.kind.value, closure.target.key)
    return CloseItem(closure.action.value, target, _words(closure.cause))


def _many(closures: Sequence[Closure], system_identifier: str) -> CloseManyBody:
    numbers: dict[Cause, int] = {}
    said: dict[Action, dict[str, Numbers]] = {Action.CLOSE: {}, Action.RECHECK: {}}
    for closure in closures:
        number = numbers.setdefault(closure.cause, len(numbers))
        targets = said[closure.action].setdefault(closure.target.kind.value, {})
        targets.setdefault(closure.target.key, []).append(number)
    first = closures[0].cause
    return CloseManyBody(
        system=system_identifier,
        reason=first.reason.value,
        invalidates=_words(first),
        causes=[_cause(cause, besides=first) for cause in numbers],
        close=cast("dict[CredentialKind, Numbers]", said[Action.CLOSE]) or UNSET,
        recheck=cast("dict[AnyKind, Numbers]", said[Action.RECHECK]) or UNSET,
    )


def _cause(cause: Cause, *, besides: Cause) -> Raw:
    """What it says that the other one does not say as well."""
    item = CauseItem(
        transaction=str(cause.transaction),
        revocation=_revocation(cause),
        reason=UNSET if cause.reason is besides.reason else cause.reason.value,
        committed_after=_instant(cause),
        invalidates=UNSET if cause.invalidates == besides.invalidates else _words(cause),
    )
    return Raw(_ENCODER.encode(item))


def _revocation(cause: Cause) -> str | None:
    return None if cause.revocation_id is None else str(cause.revocation_id)


def _instant(cause: Cause) -> str | None:
    written = cause.committed_after
    return None if written is None else written.astimezone(UTC).isoformat()


def _words(cause: Cause) -> list[str]:
    return sorted(map(str, cause.invalidates))


_ENCODER = Encoder()
