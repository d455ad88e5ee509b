"""Increments for the receipts: nothing is counted twice, and in the end nothing is closing any more."""

from app.domain.ids import RevocationId
from app.sockets.ladder import Outcome
from app.sockets.tally import Tally
from tests.sockets.parts import number

FIRST, SECOND = RevocationId(number(1)), RevocationId(number(2))


def test_what_is_taken_is_owed_no_more() -> None:
    tally = Tally()
    tally.shut(FIRST, sockets=2, latency_s=None)
    assert len(tally.take()) == 1
    assert tally.take() == ()


def test_closing_sockets_become_ended_ones_also_over_several_reports() -> None:
    tally = Tally()
    tally.shut(FIRST, sockets=3, latency_s=0.004)
    tally.ended(FIRST, Outcome.CLEAN)
    (early,) = tally.take()
    tally.ended(FIRST, Outcome.ABORTED)
    tally.ended(FIRST, Outcome.ALREADY_GONE)
    (late,) = tally.take()
    assert (early.closing, early.clean) == (2, 1)
    assert (late.closing, late.aborted, late.already_gone) == (-2, 1, 1)
    assert early.closing + late.closing == 0


def test_the_slowest_counts_and_each_revocation_for_itself() -> None:
    tally = Tally()
    tally.shut(FIRST, sockets=1, latency_s=0.009)
    tally.shut(FIRST, sockets=1, latency_s=0.004)
    tally.shut(FIRST, sockets=1, latency_s=None)
    tally.shut(SECOND, sockets=1, latency_s=None)
    first, second = tally.take()
    assert (first.closing, first.slowest_s) == (3, 0.009)
    assert (second.closing, second.slowest_s) == (1, None)
