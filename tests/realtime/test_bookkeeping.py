"""What a node writes down of sockets that close: a little later, in order, and before anybody reports."""

import asyncio

from structlog.testing import capture_logs

from app.clock import boot_seconds
from app.domain.closing import Reason, closing_for_reason
from app.domain.credentials import CredentialType
from app.domain.ids import RevocationId
from app.domain.targets import Cause
from app.realtime.bookkeeping import LATER_S, Bookkeeping
from app.sockets.entry import Entry
from app.sockets.ladder import Outcome
from app.sockets.registry import Via
from tests.realtime.conditions import always, eventually
from tests.realtime.test_metrics import risen
from tests.sockets.parts import entry, number

REVOCATION_ID = RevocationId(number(1))
REASON = Reason.SESSION_REVOKED
WRITTEN_AT = 100.0


def cause(revocation_id: RevocationId | None = REVOCATION_ID) -> Cause:
    return Cause(reason=REASON, invalidates=frozenset(), revocation_id=revocation_id)


def closing_entry(key: int) -> Entry:
    made = entry(key)
    made.closing = closing_for_reason(REASON, CredentialType.SESSION)
    return made


def books(told: list[float]) -> Bookkeeping:
    return Bookkeeping(written_at=lambda _: WRITTEN_AT, on_owed=lambda: told.append(boot_seconds()))


async def test_nothing_is_written_down_before_whatever_is_ready_to_run_has_run():
    told = list[float]()
    kept = books(told)
    closed, ended = risen("cutoff_sockets_closed_total", reason=REASON, via=Via.DOORBELL), _ended()
    kept.shut([closing_entry(1), closing_entry(2)], cause(), Via.DOORBELL, at=100.25)
    kept.ended(REASON, Outcome.CLEAN, REVOCATION_ID, at=100.5)
    await asyncio.sleep(0)
    assert (closed(), ended(), told) == (0, 0, [])
    await eventually(lambda: closed() == 2)
    assert ended() == 1
    assert len(told) == 1, "many notes are one piece of news"


async def test_who_takes_what_the_receipts_are_owed_has_all_that_happened_up_to_now():
    told = list[float]()
    kept = books(told)
    kept.shut([closing_entry(1), closing_entry(2)], cause(), Via.TAIL, at=100.25)
    kept.ended(REASON, Outcome.ABORTED, REVOCATION_ID, at=100.5)
    (owed,) = kept.take()
    assert (owed.closing, owed.aborted, owed.slowest_s) == (1, 1, 0.25)
    kept.ended(REASON, Outcome.CLEAN, REVOCATION_ID, at=101.0)
    (rest,) = kept.take()
    assert (rest.closing, rest.clean) == (-1, 1)
    await always(lambda: told == [], for_s=4 * LATER_S)  # whoever has taken it knows
    assert kept.take() == ()


async def test_a_revocation_is_over_with_its_last_socket_and_in_the_time_that_it_took():
    kept, over = books([]), list[tuple[RevocationId, float]]()
    kept.closes.on_over = lambda which, at: over.append((which.revocation_id, at))
    kept.shut([closing_entry(1), closing_entry(2)], cause(), Via.DOORBELL, at=100.25)
    for at in (100.5, 101.5):
        kept.ended(REASON, Outcome.CLEAN, REVOCATION_ID, at=at)
    await eventually(lambda: over == [(REVOCATION_ID, 101.5)])


async def test_what_no_revocation_closed_is_counted_and_owed_to_no_receipt():
    told = list[float]()
    kept, ended = books(told), _ended()
    kept.shut([closing_entry(1)], None, Via.NODE, at=100.25)
    kept.shut([closing_entry(2)], cause(None), Via.TAIL, at=100.25)
    kept.ended(REASON, Outcome.CLEAN, None, at=100.5)
    await eventually(lambda: ended() == 1)
    assert (kept.take(), told) == ((), [])


async def test_a_note_that_fails_costs_neither_the_others_nor_the_report_that_takes_them():
    """It is a bug, here a closure without sockets; the log has it."""
    kept, ended = books([]), _ended()
    with capture_logs() as said:
        kept.shut([], cause(), Via.DOORBELL, at=100.25)
        kept.ended(REASON, Outcome.CLEAN, REVOCATION_ID, at=100.5)
        (owed,) = kept.take()
    assert ([line["event"] for line in said], ended()) == (["not_written_down"], 1)
    assert owed.clean == 1


def _ended():
    return risen("cutoff_sockets_ended_total", reason=REASON, outcome=Outcome.CLEAN)
