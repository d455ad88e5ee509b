"""The bodies of messages as closures, as far as they concern anybody here."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from re import Pattern
from typing import TypeVar
from uuid import UUID

from msgspec import UNSET, convert

from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import RevocationId, TransactionId
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.fanout.wire_models import (
    CAUSE,
    HASH,
    INSTANT,
    MAX_TARGETS,
    SYSTEM_IDENTIFIER,
    TRANSACTION_NUMBER,
    UUID_TEXT,
    WORD,
    CauseItem,
    CloseBody,
    CloseItem,
    CloseManyBody,
    Numbers,
)

__all__ = ["Concerned", "MisspeltError", "closures_in", "spelt"]

Concerned = Callable[[TargetKind, Collection[str]], Collection[str]]
"""Which of those keys, of targets of one kind, may mean anything here."""

Kind = TypeVar("Kind", bound=str)


class MisspeltError(Exception):
    """A text is not of the one spelling that it may have, or a number is none of a cause."""


def closures_in(body: CloseBody | CloseManyBody, concerned: Concerned | None = None) -> list[Closure]:
    """The closures whose targets are concerned, each checked; without `concerned` all of them, and everything checked.

    A reason of a newer version is "revoked"; its types of credential are left out, since no socket of ours
    came with one. Raises: MisspeltError, msgspec.DecodeError.
    """
    spelt(SYSTEM_IDENTIFIER, body.system)
    return _in_one(body, concerned) if isinstance(body, CloseBody) else _in_many(body, concerned)


def spelt(pattern: Pattern[str], text: str) -> str:
    """The text, which is spelt so. Raises: MisspeltError."""
    if pattern.fullmatch(text) is None:
        raise MisspeltError(text)
    return text


def _in_one(body: CloseBody, concerned: Concerned | None) -> list[Closure]:
    found: list[Closure] = []
    causes: dict[tuple[str, ...], Cause] = {}
    for item in body.closures if concerned is None else _items_of(body.closures, concerned):
        if item.action == "close" and item.target.kind == "table":
            raise MisspeltError(item.target.kind)
        invalidated = tuple(item.invalidates)
        if invalidated not in causes:
            causes[invalidated] = _cause(body, body.reason, item.invalidates)
        target = _target(item.target.kind, item.target.key)
        found.append(Closure(action=_ACTIONS[item.action], target=target, cause=causes[invalidated]))
    return found


def _items_of(items: Sequence[CloseItem], concerned: Concerned) -> Sequence[CloseItem]:
    if len(items) == 1:
        target = items[0].target
        return items if concerned(_TARGET_KINDS[target.kind], (target.key,)) else ()
    keys: dict[str, list[str]] = {}
    for item in items:
        keys.setdefault(item.target.kind, []).append(item.target.key)
    chosen = {kind: frozenset(concerned(_TARGET_KINDS[kind], those)) for kind, those in keys.items()}
    return [item for item in items if item.target.key in chosen[item.target.kind]]


def _in_many(body: CloseManyBody, concerned: Concerned | None) -> list[Closure]:
    if body.close is UNSET and body.recheck is UNSET:
        raise MisspeltError("neither closes nor rechecks")
    causes = _Causes(body)
    if concerned is None:
        causes.read_all()
    found: list[Closure] = []
    if body.close is not UNSET:
        found += _said(Action.CLOSE, body.close, causes, concerned)
    if body.recheck is not UNSET:
        found += _said(Action.RECHECK, body.recheck, causes, concerned)
    if len(found) > MAX_TARGETS:
        raise MisspeltError("closures")
    return found


def _said(
    action: Action, targets: Mapping[Kind, Numbers], causes: "_Causes", concerned: Concerned | None
) -> list[Closure]:
    found: list[Closure] = []
    for word, numbers in targets.items():
        for key in numbers if concerned is None else concerned(_TARGET_KINDS[word], numbers):
            target = _target(word, key)
            found += [Closure(action=action, target=target, cause=causes.at(each)) for each in numbers[key]]
    return found


class _Causes:
    """The causes of a message, each read when it is first asked for."""

    __slots__ = ("_body", "_causes")

    def __init__(self, body: CloseManyBody) -> None:
        self._body = body
        self._causes: dict[int, Cause] = {}

    def at(self, number: int) -> Cause:
        if number not in self._causes:
            if not 0 <= number < len(self._body.causes):
                raise MisspeltError(str(number))
            item = CAUSE.decode(self._body.causes[number])
            reason = self._body.reason if item.reason is UNSET else item.reason
            invalidates = self._body.invalidates if item.invalidates is UNSET else item.invalidates
            self._causes[number] = _cause(item, reason, invalidates)
        return self._causes[number]

    def read_all(self) -> None:
        """What they have in common too, whether or not one of them leaves it to that."""
        _reason(self._body.reason)
        tuple(_types_of(self._body.invalidates))
        for number in range(len(self._body.causes)):
            self.at(number)


def _target(word: str, key: str) -> Target:
    spelt(_KEYS[word], key)
    return Target(_TARGET_KINDS[word], key)


def _cause(said: CloseBody | CauseItem, reason: str, invalidates: Sequence[str]) -> Cause:
    return Cause(
        reason=_reason(reason),
        invalidates=frozenset(_types_of(invalidates)),
        transaction=TransactionId(int(spelt(TRANSACTION_NUMBER, said.transaction))),
        revocation_id=None
        if said.revocation is None
        else RevocationId(convert(spelt(UUID_TEXT, said.revocation), UUID)),
        committed_after=None
        if said.committed_after is None
        else _instant(spelt(INSTANT, said.committed_after)),
    )


def _reason(word: str) -> Reason:
    known = _REASONS.get(word)
    if known is None:
        spelt(WORD, word)
    return known or Reason.REVOKED


def _types_of(words: Sequence[str]) -> Iterator[CredentialType]:
    for word in words:
        known = _CREDENTIAL_TYPES.get(word)
        if known is not None:
            yield known
        else:
            spelt(WORD, word)


def _instant(text: str) -> datetime | None:
    """None for a day that no calendar has: the instant serves for latencies only."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


# Looked up for each closure of a storm: a mapping is several times as fast as an enumeration's call.
_ACTIONS: dict[str, Action] = {action.value: action for action in Action}
_CREDENTIAL_TYPES: dict[str, CredentialType] = {word.value: word for word in CredentialType}
_REASONS: dict[str, Reason] = {reason.value: reason for reason in Reason}
_TARGET_KINDS: dict[str, TargetKind] = {kind.value: kind for kind in TargetKind}
_KEYS: dict[str, Pattern[str]] = {
    "session": HASH,
    "token": UUID_TEXT,
    "account": UUID_TEXT,
    "grant": UUID_TEXT,
    "table": WORD,
}
