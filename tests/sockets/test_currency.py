"""The rules R1 to R6, as far as they are decided by the cursor and the lease."""

from math import inf

import pytest

from app.sockets.currency import GENERATIONS_KEPT, Currency, Next, PollTicket, Position
from tests.sockets.parts import saw


def position(
    up_to: int = 10, *, timeline: int | None = 1, system: str = "7", is_cut_off: bool = False
) -> Position:
    return Position(
        snapshot=saw(up_to=up_to), system_identifier=system, timeline=timeline, is_cut_off=is_cut_off
    )


def begun(currency: Currency, at: float) -> PollTicket:
    ticket = currency.begin_poll(at)
    assert ticket is not None
    return ticket


def polled(currency: Currency, up_to: int, *, at: float) -> None:
    ticket, where = begun(currency, at), position(up_to)
    assert currency.receive(ticket, where) in {Next.BASELINE, Next.APPLY}
    currency.advance(ticket, where)


def test_r1_the_lease_counts_from_the_clock_before_the_poll_was_sent() -> None:
    currency = Currency(lease_s=3)
    polled(currency, 10, at=100.0)
    assert currency.lease_ends_at == 103.0
    assert currency.is_current(103.0)
    assert not currency.is_current(103.01)


def test_r1_an_earlier_poll_never_shortens_the_lease() -> None:
    currency = Currency(lease_s=3)
    polled(currency, 10, at=100.0)
    polled(currency, 11, at=99.0)
    assert currency.as_of == 100.0


def test_r2_nothing_moves_before_the_rows_have_been_applied() -> None:
    currency = Currency(lease_s=3)
    polled(currency, 10, at=100.0)
    currency.receive(begun(currency, 102.0), position(11))
    assert (currency.cursor, currency.as_of) == (saw(up_to=10), 100.0)


def test_r3_one_poll_is_in_flight_at_a_time() -> None:
    currency = Currency(lease_s=3)
    ticket = begun(currency, 1.0)
    assert currency.begin_poll(1.1) is None
    currency.poll_failed(ticket)
    assert currency.begin_poll(1.2) is not None


def test_r3_an_answer_that_comes_after_its_time_is_thrown_away() -> None:
    currency = Currency(lease_s=3)
    polled(currency, 10, at=100.0)
    late = begun(currency, 101.0)
    currency.poll_failed(late)
    present = begun(currency, 102.0)
    assert currency.receive(late, position(11)) is Next.IGNORE
    currency.advance(late, position(11))
    assert (currency.cursor, currency.as_of) == (saw(up_to=10), 100.0)
    currency.poll_failed(late)
    assert currency.receive(present, position(12)) is Next.APPLY


def test_r4_the_first_answer_is_the_baseline_and_a_second_one_is_thrown_away_whole() -> None:
    currency = Currency(lease_s=3)
    first = begun(currency, 1.0)
    assert first.last is None
    currency.poll_failed(first)
    second = begun(currency, 2.0)
    assert currency.receive(second, position(10)) is Next.BASELINE
    currency.advance(second, position(10))
    assert currency.receive(first, position(20)) is Next.IGNORE
    assert currency.cursor == saw(up_to=10)


def test_r4_before_the_baseline_nothing_is_current_and_nothing_passes_under_any_policy() -> None:
    for serves in (False, True):
        currency = Currency(lease_s=3, serves_when_stale=serves)
        assert not currency.has_baseline
        assert not currency.is_current(0.0)
        assert not currency.lets_pass(0.0)
        assert currency.lease_ends_at == -inf


def test_r4_the_baseline_begins_an_epoch_so_that_no_read_from_before_it_counts() -> None:
    currency = Currency(lease_s=3)
    before = currency.epoch
    polled(currency, 10, at=1.0)
    assert currency.epoch > before
    polled(currency, 11, at=2.0)
    assert currency.epoch == before + 1


def test_r5_a_poll_is_sent_with_the_snapshot_of_the_last_one() -> None:
    currency = Currency(lease_s=3)
    polled(currency, 10, at=1.0)
    assert begun(currency, 2.0).last == saw(up_to=10)


@pytest.mark.parametrize(
    "where", [position(11, is_cut_off=True), position(11, timeline=2), position(11, system="8")]
)
def test_r6_after_a_gap_or_on_another_cluster_or_timeline_the_node_reconciles(where) -> None:
    currency = Currency(lease_s=3)
    polled(currency, 10, at=1.0)
    ticket = begun(currency, 2.0)
    assert currency.receive(ticket, where) is Next.RECONCILE
    epoch = currency.begin_epoch()
    assert epoch > currency.epoch
    currency.reconciled(where, epoch=epoch, sent_at=2.5)
    assert (currency.cursor, currency.epoch, currency.as_of) == (where.snapshot, epoch, 2.5)
    assert (currency.system_identifier, currency.timeline) == (where.system_identifier, where.timeline)
    assert currency.begin_poll(3.0) is not None


def test_r6_a_reconciliation_that_fails_moves_nothing() -> None:
    currency = Currency(lease_s=3)
    polled(currency, 10, at=1.0)
    epoch, ticket = currency.epoch, begun(currency, 2.0)
    currency.receive(ticket, position(11, is_cut_off=True))
    currency.begin_epoch()
    currency.poll_failed(ticket)
    assert (currency.cursor, currency.epoch, currency.as_of) == (saw(up_to=10), epoch, 1.0)


def test_a_server_in_recovery_renews_nothing() -> None:
    currency = Currency(lease_s=3)
    assert currency.receive(begun(currency, 1.0), position(timeline=None)) is Next.IGNORE
    assert not currency.has_baseline


def test_under_serve_frames_pass_when_the_lease_has_run_out_but_nobody_is_admitted() -> None:
    currency = Currency(lease_s=3, serves_when_stale=True)
    polled(currency, 10, at=1.0)
    assert currency.lets_pass(100.0)
    assert not currency.is_current(100.0)


def test_receipts_get_the_last_snapshot_before_the_first_recheck_that_is_owed() -> None:
    currency = Currency(lease_s=3)
    assert currency.settled(owed_since=None) is None
    for turn in range(4):
        polled(currency, 10 + turn, at=float(turn))
    assert currency.settled(owed_since=None) == position(13)
    assert currency.settled(owed_since=2) == position(11)
    assert currency.settled(owed_since=0) is None


def test_what_settled_before_a_failover_is_told_with_its_own_timeline() -> None:
    currency = Currency(lease_s=3)
    polled(currency, 10, at=1.0)
    owed_since = currency.generation
    currency.receive(begun(currency, 2.0), position(8, timeline=2))
    currency.reconciled(position(8, timeline=2), epoch=currency.begin_epoch(), sent_at=2.0)
    assert currency.settled(owed_since=owed_since) == position(10, timeline=1)
    assert currency.settled(owed_since=None) == position(8, timeline=2)


def test_what_is_kept_for_receipts_is_bounded() -> None:
    currency = Currency(lease_s=3)
    for turn in range(GENERATIONS_KEPT + 50):
        polled(currency, 10 + turn, at=float(turn))
    assert len(currency._applied) == GENERATIONS_KEPT
