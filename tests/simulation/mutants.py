"""The cores and the order of their steps, each with one rule left out. The search has to find every one of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from app.domain.targets import Action
from app.sockets import admission, currency, gate, recent_closures, registry
from app.sockets.admission import Reading
from app.sockets.currency import Currency, Next, PollTicket, Position
from app.sockets.entry import Entry
from app.sockets.gate import Passage
from app.sockets.registry import Registry
from tests.simulation.rules import RULES

__all__ = ["MUTANTS", "Mutant"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`name` says what is left out. `bound`: how many seeds the search may take to find it."""

    name: str
    applied: Callable[[], AbstractContextManager[None]]
    bound: int = 20_000


def _without(rule: str) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def applied() -> Iterator[None]:
        before = getattr(RULES, rule)
        setattr(RULES, rule, not before)
        try:
            yield
        finally:
            setattr(RULES, rule, before)

    return applied


def _patched(*changes: tuple[Any, str, Any]) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def applied() -> Iterator[None]:
        with ExitStack() as stack:
            for owner, name, value in changes:
                stack.enter_context(patch.object(owner, name, value))
            yield

    return applied


def _nothing(*_: Any, **__: Any) -> None:
    pass


def _passage_without_lease(entry: Entry, _currency: Currency, now: float) -> Passage:
    if entry.closing is not None:
        return Passage.SHUT
    return Passage.WAIT if entry.is_mute or now >= entry.deadline else Passage.PASS


def _passage_without_deadline(entry: Entry, currency: Currency, now: float) -> Passage:
    if entry.closing is not None:
        return Passage.SHUT
    return Passage.WAIT if entry.is_mute or not currency.lets_pass(now) else Passage.PASS


def _receive_anything(currency: Currency, ticket: PollTicket, position: Position) -> Next:
    if currency.cursor is None:
        return Next.BASELINE
    return Next.RECONCILE if position.is_cut_off else Next.APPLY


def _begin_always(currency: Currency, now: float) -> PollTicket:
    currency._polls_begun += 1
    return PollTicket(number=currency._polls_begun, sent_at=now, last=currency.cursor)


def _advance_always(currency: Currency, ticket: PollTicket, position: Position) -> None:
    currency._in_flight = None
    if currency.cursor is None:
        currency.epoch = currency.begin_epoch()
    currency._move_to(position, sent_at=ticket.sent_at)


def _failed_but_renewed(currency: Currency, ticket: PollTicket) -> None:
    if currency._in_flight is ticket:
        currency._in_flight = None
    if currency.cursor is not None:
        currency.as_of = max(currency.as_of, ticket.sent_at)


def _apply_gap(currency: Currency, ticket: PollTicket, position: Position) -> Next:
    answer = _RECEIVE(currency, ticket, position)
    return Next.APPLY if answer is Next.RECONCILE else answer


def _settled_regardless(currency: Currency, *, owed_since: int | None) -> Position | None:
    return _SETTLED(currency, owed_since=None)


def _owe_quietly(self: Registry, entry: Entry, generation: int) -> None:
    _MUTE(self, entry, generation)
    entry.is_mute = False


def _apply_no_rechecks(self: Registry, closure: Any, **named: Any) -> int:
    return 0 if closure.action is Action.RECHECK else _APPLY(self, closure, **named)


def _begin_at_nought(currency: Currency) -> int:
    currency._epochs_begun += 1
    return currency._epochs_begun - 1


def _counts_all(*_: Any) -> bool:
    return True


def _counts_by_epoch_alone(entry: Entry, reading: Reading, currency: Currency) -> bool:
    return reading.epoch >= max(currency.epoch, entry.epoch)


_RECEIVE = Currency.receive
_SETTLED = Currency.settled
_MUTE = Registry._mute
_APPLY = Registry.apply

MUTANTS = (
    Mutant("sockets are read, then attached", _without("attaches_before_reading")),
    Mutant("the cursor is a sequence number", _without("polls_by_snapshot")),
    Mutant("lease and deadlines count from the reply", _without("takes_time_before_sending")),
    Mutant("the lease counts although nothing is tailed", _without("tails")),
    Mutant("nothing stands at the gate", _without("has_gate")),
    Mutant("deadlines by the wall clock", _without("arms_by_wall_clock")),
    Mutant("the cursor advances before the rows are applied", _without("applies_before_advancing")),
    Mutant("nobody is muted after a reconciliation", _without("mutes_after_reconciling")),
    Mutant("sockets are read on a lagging replica", _without("reads_the_primary")),
    Mutant("sockets are admitted before receipts wait for the node", _without("waits_for_its_row")),
    Mutant("the gate does not ask for the lease", _patched((gate, "passage", _passage_without_lease))),
    Mutant("the gate does not ask for the deadline", _patched((gate, "passage", _passage_without_deadline))),
    Mutant("recent closures are forgotten", _patched((recent_closures.RecentClosures, "remember", _nothing))),
    Mutant(
        "everybody who was ever read is spared",
        _patched((registry, "has_seen", lambda entry, _: entry.snapshot is not None)),
    ),
    Mutant(
        "nobody is spared",
        _patched(
            (registry, "has_seen", lambda *_: False),
            (admission, "has_seen", lambda *_: False),
        ),
    ),
    Mutant(
        "a failed poll renews the lease", _patched((currency.Currency, "poll_failed", _failed_but_renewed))
    ),
    Mutant(
        "polls overlap, and late answers are taken",
        _patched(
            (RULES, "overlaps_polls", True),
            (currency.Currency, "begin_poll", _begin_always),
            (currency.Currency, "receive", _receive_anything),
            (currency.Currency, "advance", _advance_always),
        ),
    ),
    Mutant("a gap in the log is passed over", _patched((currency.Currency, "receive", _apply_gap))),
    Mutant("every read counts", _patched((admission, "_counts", _counts_all))),
    Mutant(
        "a read counts that has not seen the recheck",
        _patched((admission, "_counts", _counts_by_epoch_alone)),
    ),
    Mutant("rechecks do not mute", _patched((Registry, "_mute", _owe_quietly))),
    Mutant("rechecks are not applied", _patched((Registry, "apply", _apply_no_rechecks))),
    Mutant(
        "owed rechecks do not hold receipts back",
        _patched((currency.Currency, "settled", _settled_regardless)),
    ),
    Mutant("reads owed at a deadline are not owed", _patched((Registry, "owe_read", _nothing))),
    Mutant(
        "sockets are read before there is a baseline",
        _patched(
            (RULES, "waits_for_baseline", False),
            (currency.Currency, "begin_epoch", _begin_at_nought),
        ),
    ),
)
