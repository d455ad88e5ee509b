import asyncio
import itertools
from collections.abc import AsyncIterator

import psycopg
import pytest

from app.config import Settings
from app.realtime.tail import RING_SPACING_S
from tests.realtime.conditions import always, eventually
from tests.realtime.databases import a_postgres
from tests.realtime.tailing import LEASE_S, Tailing, tailing


@pytest.fixture
async def it(settings: Settings) -> AsyncIterator[Tailing]:
    """A tail that has its baseline."""
    async with tailing(settings) as tailing_:
        assert await tailing_.tail.poll()
        yield tailing_


async def test_the_first_poll_takes_the_snapshot_and_no_rows(settings, make, hands):
    await hands.sql("DELETE FROM session WHERE id = %(id)s", id=make.session().session_id)
    async with tailing(settings) as it:
        assert not it.cores.currency.has_baseline
        assert await it.tail.poll()
        assert it.good == [(0, True)]
        assert it.cores.currency.is_current(it.clock.now)
        assert it.cores.currency.system_identifier is not None


async def test_what_was_committed_since_the_last_poll_is_applied_once(it, make, hands):
    """B111."""
    session, bystander = make.session(), make.session()
    entry, other = it.cores.hold(session), it.cores.hold(bystander)
    await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
    assert await it.tail.poll()
    assert await it.tail.poll()
    assert [applied for applied, _ in it.good] == [0, 1, 0]
    assert (it.cores.shut, other.closing) == ([entry], None)


async def test_a_lower_number_that_commits_later_is_not_skipped(it, make, hands):
    """B108."""
    first, second = make.session(), make.session()
    one, two = it.cores.hold(first), it.cores.hold(second)
    with hands.connection() as late:
        late.execute("DELETE FROM session WHERE id = %s", [first.session_id])
        await hands.sql("DELETE FROM session WHERE id = %(id)s", id=second.session_id)
        assert await it.tail.poll()
        assert it.cores.shut == [two]
    assert await it.tail.poll()
    assert it.cores.shut == [two, one]


async def test_an_old_transaction_that_ends_something_late_is_not_missed(it, make, hands):
    """B109."""
    session = make.session()
    entry = it.cores.hold(session)
    with hands.connection() as old:
        old.execute("SELECT pg_current_xact_id()")
        for _ in range(3):
            await hands.sql("DELETE FROM session WHERE id = %(id)s", id=make.session().session_id)
            assert await it.tail.poll()
        old.execute("DELETE FROM session WHERE id = %s", [session.session_id])
        assert await it.tail.poll()
        assert entry.closing is None
    assert await it.tail.poll()
    assert it.cores.shut == [entry]
    assert [applied for applied, _ in it.good] == [0, 1, 1, 1, 0, 1]


async def test_beside_a_transaction_open_for_hours_nothing_is_read_twice(it, make, hands):
    """B110."""
    with hands.connection() as unrelated:
        unrelated.execute("SELECT pg_current_xact_id()")
        for _ in range(5):
            await hands.sql("DELETE FROM session WHERE id = %(id)s", id=make.session().session_id)
            assert await it.tail.poll()
    assert await it.tail.poll()
    assert [applied for applied, _ in it.good] == [0, 1, 1, 1, 1, 1, 0]


async def test_a_poll_that_fails_moves_neither_the_lease_nor_the_cursor(it, make, database_url):
    """B113."""
    session, currency = make.session(), it.cores.currency
    entry = it.cores.hold(session)
    before = (currency.as_of, currency.cursor)
    it.clock.now += 1
    it.connection.drop()
    it.connection._url = "postgresql://nobody@127.0.0.1:1/nowhere"
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("DELETE FROM session WHERE id = %s", [session.session_id])
    assert not await it.tail.poll()
    assert (currency.as_of, currency.cursor, it.tail.failures) == (*before, 1)
    assert entry.closing is None
    it.connection._url = database_url
    assert await it.tail.poll()
    assert it.cores.shut == [entry]
    assert currency.as_of == it.clock.now


async def test_a_backend_that_is_killed_costs_a_poll_at_most_and_no_closure(it, make, database_url):
    """B115, B116."""
    session = make.session()
    entry = it.cores.hold(session)
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'stepped'"
        )
        other.execute("DELETE FROM session WHERE id = %s", [session.session_id])
    assert await it.tail.poll() or await it.tail.poll()
    assert it.cores.shut == [entry]


async def test_the_lease_counts_from_before_the_poll_was_sent_however_long_it_takes(it):
    """B114, R1."""
    sent_at, it.clock.now = it.clock.now + 1, it.clock.now + 1
    it.connection.hold()
    polling = asyncio.create_task(it.tail.poll())
    await it.connection.answered.wait()
    it.clock.now += 2
    it.connection.let_go.set()
    assert await polling
    assert it.cores.currency.as_of == sent_at


async def test_gates_that_began_to_wait_while_a_poll_was_under_way_are_told(it):
    """The lease runs out between sending and answer: it was good when the poll was sent, and is when it is over."""
    it.clock.now += 2
    it.connection.hold()
    polling = asyncio.create_task(it.tail.poll())
    await it.connection.answered.wait()
    it.clock.now += 2
    assert not it.cores.currency.is_current(it.clock.now)
    it.connection.let_go.set()
    assert await polling
    assert it.cores.currency.is_current(it.clock.now)
    assert it.good == [(0, True), (0, True)]


async def test_an_answer_that_is_older_than_a_lease_renews_nothing(it):
    it.connection.hold()
    polling = asyncio.create_task(it.tail.poll())
    await it.connection.answered.wait()
    it.clock.now += LEASE_S + 1
    it.connection.let_go.set()
    assert not await polling
    assert not it.cores.currency.is_current(it.clock.now)
    assert it.good == [(0, True)]


async def test_one_poll_is_in_flight_at_a_time(it):
    """R3."""
    it.connection.hold()
    polling = asyncio.create_task(it.tail.poll())
    await it.connection.answered.wait()
    assert not await it.tail.poll()
    assert it.connection.statements == 2
    it.connection.let_go.set()
    assert await polling


async def test_a_locked_log_times_out_and_is_read_when_it_is_let_go(settings, make, hands):
    """B118."""
    async with tailing(settings, timeout_s=0.2) as it:
        assert await it.tail.poll()
        session = make.session()
        entry = it.cores.hold(session)
        await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
        with hands.connection() as migration:
            migration.execute("LOCK TABLE closure")
            assert not await it.tail.poll()
            assert entry.closing is None
        assert await it.tail.poll()
        assert it.cores.shut == [entry]


async def test_a_thousand_rings_cause_few_polls_and_one_of_them_begins_after_the_last(settings):
    """B126."""
    async with tailing(settings) as it:
        it.tail._interval_s = 60
        running = asyncio.create_task(it.tail.run())
        await eventually(lambda: len(it.good) == 1)
        for _ in range(1000):
            it.tail.ring("message")
            await asyncio.sleep(0)
        sent = it.connection.statements
        await eventually(lambda: len(it.good) > 1)
        await eventually(lambda: it.connection.statements > sent or sent > 1)
        await always(lambda: it.connection.statements <= 4, for_s=4 * RING_SPACING_S)
        statements = it.connection.statements
        it.tail.ring("the last one")
        await eventually(lambda: it.connection.statements > statements)
        running.cancel()
        await asyncio.wait({running})


async def test_jitter_makes_the_interval_shorter_and_never_longer(settings):
    """B126: the clock stands still, so that what is slept is exactly what was meant."""
    async with tailing(settings) as it:
        it.tail._interval_s = 0.1
        loop, polled_at = asyncio.get_running_loop(), []
        it.tail._on_good_poll = lambda _applied, *, gates_waited: polled_at.append(loop.time())
        running = asyncio.create_task(it.tail.run())
        await eventually(lambda: len(polled_at) >= 12)
        running.cancel()
        await asyncio.wait({running})
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(polled_at))
    assert gaps[0] > 0.07
    assert gaps[len(gaps) // 2] < 0.1 + RING_SPACING_S + 0.03
    assert gaps[-1] - gaps[0] > 0.001


async def test_a_replica_gives_no_baseline_and_the_tail_says_that_it_is_one(settings):
    """B119."""
    with a_postgres() as server:
        server.stop()
        (server.data / "standby.signal").touch()
        server.start_again()
        async with tailing(settings.model_copy(update={"database_url": server.url})) as it:
            assert not await it.tail.poll()
            assert it.tail.in_recovery
            assert not it.cores.currency.has_baseline
            server.stop()
            (server.data / "standby.signal").unlink()
            server.start_again()
            await it.tail.poll()
            assert await it.tail.poll()
            assert not it.tail.in_recovery
