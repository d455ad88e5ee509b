"""Judging one read of a credential: whether a socket is admitted, and whether one that was admitted speaks on.

Both are one step without await (R8): nothing can come between the judgement and what it does to the registry.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

from app.domain.closing import CloseCode, Closing, Reason, closing_for_reason
from app.domain.credential_state import Alive, CredentialRecord, Dead, state_of
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ApiTokenId, GrantId
from app.domain.radius import closing_for
from app.domain.snapshot import Snapshot
from app.domain.targets import Action
from app.sockets.currency import Currency
from app.sockets.deadlines import Deadlines
from app.sockets.dependence import depends_on, has_seen
from app.sockets.entry import Entry
from app.sockets.registry import Registry, Via

__all__ = ["Admitted", "NotCurrent", "Reading", "Refused", "VerifyAgain", "judge_opening", "judge_recheck"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One read: the clock before it was sent (R10), the epoch it was sent in, and what its snapshot saw.

    `record` is None for a credential that does not exist in that snapshot.
    """

    sent_at: float
    epoch: int
    snapshot: Snapshot
    record: CredentialRecord | None

    def as_of(self, *, sent_at: float, read_at: datetime) -> "Reading":
        """The read as its snapshot has to be judged, which was asked for at `sent_at` and taken no earlier than `read_at`.

        A later statement in an old snapshot shows a later clock, but not the ends that have been moved since.
        """
        record = None if self.record is None else replace(self.record, read_at=read_at)
        return replace(self, sent_at=sent_at, record=record)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The socket is in the registry as one that may speak; its deadline is armed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The credential is dead. The socket is forgotten."""

    closing: Closing


@dataclass(frozen=True, slots=True)
class VerifyAgain:
    """Something was applied meanwhile that the read did not see and that need not be the end: read once more."""


@dataclass(frozen=True, slots=True)
class NotCurrent:
    """The node cannot prove that it is current, or the opening took too long. The socket is forgotten."""


def judge_opening(
    entry: Entry,
    reading: Reading,
    *,
    registry: Registry,
    currency: Currency,
    deadlines: Deadlines,
    now: float,
    remember_s: float,
) -> Admitted | Refused | VerifyAgain | NotCurrent:
    """What becomes of an attached socket whose credential has been read.

    What the registry remembers of recent closures is held against everything that the read has taught us,
    unless the read's snapshot saw it.
    """
    if not entry.is_attached or not currency.is_current(now) or now - entry.attached_at > remember_s:
        registry.detach(entry)
        return NotCurrent()
    if reading.epoch != currency.epoch:
        registry.verify_again(entry)
        return VerifyAgain()
    state = _state(reading)
    if isinstance(state, Dead):
        registry.detach(entry)
        return Refused(closing_for_reason(state.reason, entry.credential_type, can_refresh=state.can_refresh))
    _learn(entry, reading, state)
    verdict = _held_against(entry, registry) if now < entry.deadline else VerifyAgain()
    match verdict:
        case Refused():
            registry.detach(entry)
        case Admitted():
            registry.admit(entry)
            deadlines.arm(entry)
        case VerifyAgain():
            registry.verify_again(entry)
    return verdict


def judge_recheck(
    entry: Entry,
    reading: Reading,
    *,
    registry: Registry,
    currency: Currency,
    deadlines: Deadlines,
    via: Via,
) -> bool:
    """Whether the read counts; then the socket is closed, or has its new deadline and snapshot and speaks on.

    It counts if it was sent in the present epoch, or in the one that a reconciliation is about to begin, and its
    snapshot saw every recheck that was applied to the entry and what its last read saw. Otherwise nothing
    changes, and it is to be read again. A credential that has become another account's (or grant's) is still
    valid, but this socket was not opened for it: its peer is to come back.
    """
    if entry.closing is not None or not entry.is_admitted:
        return True
    if not _counts(entry, reading, currency):
        return False
    state = _state(reading)
    if isinstance(state, Dead):
        told = _GONE[entry.credential_type] if reading.record is None else state.reason
        closing = closing_for_reason(told, entry.credential_type, can_refresh=state.can_refresh)
        registry.shut([entry], lambda _: closing, via=via)
        return True
    assert reading.record is not None
    if _dependence(reading.record) != (entry.account_id, entry.api_token_id, entry.grant_id):
        reconnect = closing_for_reason(Reason.RECONNECT, entry.credential_type)
        registry.shut([entry], lambda _: reconnect, via=via)
        return True
    _learn(entry, reading, state)
    registry.read_is_done(entry)
    deadlines.arm(entry)
    return True


def _counts(entry: Entry, reading: Reading, currency: Currency) -> bool:
    if reading.epoch < max(currency.epoch, entry.epoch):
        return False
    if reading.epoch > currency.epoch or entry.snapshot is None:
        return True  # A reconciliation's: no recheck is applied between its snapshot and its end.
    if not all(reading.snapshot.sees(owed) for owed in entry.owed):
        return False
    return reading.epoch > entry.epoch or not reading.snapshot.is_before(entry.snapshot)


def _state(reading: Reading) -> Alive | Dead:
    if reading.record is None:
        return Dead(reason=Reason.UNAUTHENTICATED)
    return state_of(reading.record)


def _learn(entry: Entry, reading: Reading, alive: Alive) -> None:
    assert reading.record is not None
    entry.account_id, entry.api_token_id, entry.grant_id = _dependence(reading.record)
    entry.session_id = reading.record.session_id
    entry.snapshot = reading.snapshot
    entry.epoch = reading.epoch
    entry.deadline = inf if alive.remaining is None else reading.sent_at + alive.remaining.total_seconds()


def _dependence(record: CredentialRecord) -> tuple[AccountId, ApiTokenId | None, GrantId | None]:
    grant_id = record.grant.grant_id if record.grant is not None else None
    return record.account_id, record.api_token_id, grant_id


def _held_against(entry: Entry, registry: Registry) -> Admitted | Refused | VerifyAgain:
    """What was applied since the entry attached, concerns it, and was not seen by its read."""
    verdict: Admitted | VerifyAgain = Admitted()
    for closure in registry.recent.since(entry.attached_order):
        if not depends_on(entry, closure.target) or has_seen(entry, closure.cause):
            continue
        if closure.action is Action.CLOSE:
            closing = closing_for(closure.target.kind, closure.cause, entry.credential_type)
            if closing.code is not CloseCode.RECONNECT:
                return Refused(closing)
        verdict = VerifyAgain()
    return verdict


_GONE = {
    CredentialType.SESSION: Reason.SESSION_REVOKED,
    CredentialType.API_TOKEN: Reason.TOKEN_REVOKED,
    CredentialType.DAEMON_TOKEN: Reason.ACCOUNT_DELETED,
}
"""What an open socket is told when its row no longer exists."""
