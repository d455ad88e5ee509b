"""Whose turn it is by the clock, and nobody's twice."""

from math import inf

from app.domain.closing import Reason, closing_for_reason
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from tests.sockets.parts import SESSION, entry


def armed(deadlines: Deadlines, at: float) -> Entry:
    socket = entry()
    socket.is_attached, socket.deadline = True, at
    deadlines.arm(socket)
    return socket


def test_whoever_is_due_comes_once_the_earliest_first() -> None:
    deadlines = Deadlines()
    late, early, later = armed(deadlines, 2.0), armed(deadlines, 1.0), armed(deadlines, 3.0)
    assert deadlines.next_at == 1.0
    assert deadlines.due(2.0) == [early, late]
    assert deadlines.due(2.0) == []
    assert deadlines.due(3.0) == [later]
    assert deadlines.next_at == inf


def test_what_never_ends_is_not_armed_and_what_ends_in_years_does_not_come_early() -> None:
    deadlines = Deadlines()
    armed(deadlines, inf)
    assert len(deadlines) == 0
    armed(deadlines, 1e12)
    assert deadlines.due(1e11) == []


def test_whoever_was_armed_anew_is_due_at_the_new_instant_only() -> None:
    deadlines = Deadlines()
    socket = armed(deadlines, 1.0)
    socket.deadline = 5.0
    deadlines.arm(socket)
    assert deadlines.due(4.0) == []
    assert deadlines.due(5.0) == [socket]


def test_whoever_is_closing_or_has_left_is_passed_over() -> None:
    deadlines = Deadlines()
    closing, gone = armed(deadlines, 1.0), armed(deadlines, 1.0)
    closing.closing = closing_for_reason(Reason.REVOKED, SESSION)
    gone.is_attached = False
    assert deadlines.due(9.0) == []


def test_memory_follows_the_live_sockets_whichever_way_the_others_went() -> None:
    deadlines = Deadlines()
    kept = armed(deadlines, 1e9)
    for left in range(1_000):
        socket = armed(deadlines, 1e9 + left)
        socket.is_attached = False
    for closed in range(1_000):
        socket = armed(deadlines, 1e9 + closed)
        socket.closing = closing_for_reason(Reason.REVOKED, SESSION)
    for again in range(1_000):
        kept.deadline = 2e9 + again
        deadlines.arm(kept)
    deadlines.forget_stale(1)
    assert len(deadlines) == 1
    assert deadlines.next_at == kept.deadline
