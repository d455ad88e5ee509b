"""What the tail does where the log does not tell everything: it reads all live credentials in one snapshot (R6)."""

import asyncio

import psycopg
import pytest

from app.domain.closing import Reason
from app.operations.prune import prune
from app.realtime import reconciliation
from app.realtime import tail as tail_module
from app.sockets.admission import judge_recheck
from tests.builders import Builders
from tests.realtime.databases import SteppedConnection, a_postgres
from tests.realtime.nodes import a_node, echoes, entries_of, opened, quick, seen_close
from tests.realtime.tailing import tailing

UNKNOWN_KIND = """
    INSERT INTO closure (system_identifier, action, target_kind, target_key, reason)
    SELECT system_identifier, 'close', 'galaxy', 'andromeda', 'revoked' FROM pg_control_system()
"""


async def test_a_closure_of_an_unknown_kind_is_counted_and_leads_to_reconciling(settings, make, hands):
    """B124, with a bystander and with what comes after it."""
    async with tailing(settings) as it:
        assert await it.tail.poll()
        session, bystander = make.session(), make.session()
        entry, other = it.cores.hold(session), it.cores.hold(bystander)
        await hands.sql(UNKNOWN_KIND)
        await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
        assert await it.tail.poll()
        assert (it.tail.unknown_closures, it.tail.reconciliations) == (1, 1)
        assert it.cores.shut == [entry]
        assert (other.closing, other.is_mute, other.epoch) == (None, False, it.cores.currency.epoch)
        assert await it.tail.poll()
        assert it.tail.reconciliations == 1


async def test_more_rows_than_one_poll_takes_lead_to_reconciling(settings, make, hands, monkeypatch):
    """B125, R6."""
    monkeypatch.setattr(tail_module, "ROWS_PER_POLL", 3)
    async with tailing(settings) as it:
        assert await it.tail.poll()
        sessions = [make.session() for _ in range(6)]
        entries = [it.cores.hold(session) for session in sessions]
        bystander = it.cores.hold(make.session())
        for session in sessions:
            await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
        assert await it.tail.poll()
        assert it.tail.reconciliations == 1
        assert set(it.cores.shut) == set(entries)
        assert bystander.closing is None


async def test_a_node_that_was_away_for_longer_than_the_log_is_kept_reconciles(
    settings, make, hands, database
):
    """B121, B122: what ended is closed for its own reason, the rest speaks on."""
    async with tailing(settings) as it:
        assert await it.tail.poll()
        session, bystander = make.session(), make.session()
        entry, other = it.cores.hold(session), it.cores.hold(bystander)
        await hands.sql(
            "UPDATE session SET terminated_at = now(), end_reason = 'logged_out' WHERE id = %(id)s",
            id=session.session_id,
        )
        await hands.sql("UPDATE closure SET created_at = now() - interval '2 days'")
        await asyncio.to_thread(database.transact, prune, log_kept=settings.log_kept)
        assert await hands.sql("SELECT 1 FROM closure") == []
        assert await it.tail.poll()
        assert it.tail.reconciliations == 1
        assert it.cores.shut == [entry]
        assert entry.closing is not None
        assert entry.closing.reason == Reason.LOGGED_OUT
        assert (other.closing, other.is_mute) == (None, False)


async def test_the_log_is_not_pruned_past_a_node_that_lives(settings, make, hands, database):
    """B123."""
    async with a_node(quick(settings)) as node:
        await hands.sql(
            "UPDATE node SET snapshot = '1:1:'::pg_snapshot WHERE id = %(id)s", id=node.node.node_id
        )
        await hands.sql("DELETE FROM session WHERE id = %(id)s", id=make.session().session_id)
        await hands.sql(
            "WITH aged AS (UPDATE closure SET created_at = now() - interval '2 days' RETURNING 1)"
            " SELECT count(*) FROM aged"
        )
        with hands.connection() as held:
            held.execute("UPDATE node SET snapshot = '1:1:'::pg_snapshot")
            held.commit()
            held.execute("SELECT 1 FROM node FOR UPDATE")
            await asyncio.to_thread(database.transact, prune, log_kept=settings.log_kept)
            assert len(await hands.sql("SELECT 1 FROM closure")) == 1


async def test_whoever_owed_a_read_when_all_were_read_speaks_on(settings, make, hands):
    """A socket that was mute waits at its gate for nobody else to tell it."""
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        stepped = SteppedConnection(settings.database_url)
        stepped.hold()  # no other read comes to an end here
        node.node.rechecks._connection = stepped
        entry.is_mute = True
        node.node.holder.registry.owe_read([entry])
        node.node.rechecks.wake()
        asking = asyncio.create_task(echoes(socket))
        await stepped.answered.wait()
        await hands.sql(UNKNOWN_KIND)
        async with asyncio.timeout(5):
            assert await asking
        assert node.node.tail.reconciliations == 1
        stepped.drop()


async def test_a_reconciliation_that_fails_half_way_moves_nothing_and_is_tried_again(
    settings, make, hands, monkeypatch
):
    monkeypatch.setattr(reconciliation, "READ_BATCH", 2)
    async with tailing(settings) as it:
        assert await it.tail.poll()
        sessions = [make.session() for _ in range(5)]
        entries = [it.cores.hold(session) for session in sessions]
        before = (it.cores.currency.as_of, it.cores.currency.cursor, it.cores.currency.epoch)
        await hands.sql(UNKNOWN_KIND)
        it.clock.now += 1
        monkeypatch.setattr(reconciliation, "judge_recheck", _after(3, it.connection.drop))
        assert not await it.tail.poll()
        currency = it.cores.currency
        assert (currency.as_of, currency.cursor, currency.epoch) == before
        monkeypatch.undo()
        assert await it.tail.poll()
        assert currency.as_of == it.clock.now
        assert it.cores.shut == []
        assert {(entry.epoch, entry.is_mute) for entry in entries} == {(currency.epoch, False)}


def _after(number, act):
    """The real judgement, and the act before the call of that number."""
    calls = iter(range(1, 1000))
    judge = judge_recheck

    def judging(*arguments, **more):
        if next(calls) == number:
            act()
        return judge(*arguments, **more)

    return judging


async def test_a_failover_is_noticed_and_reconciled_before_the_lease_is_renewed(settings, tmp_path):
    """B119, B120: the primary becomes a replica, and is promoted: the same cluster on another timeline."""
    with a_postgres() as server:
        theirs = settings.model_copy(update={"database_url": server.url})
        make = Builders(_database(theirs))
        session, bystander = make.session(), make.session()
        make.database.dispose()
        async with tailing(theirs) as it:
            assert await it.tail.poll()
            entry, other = it.cores.hold(session), it.cores.hold(bystander)
            server.stop()
            (server.data / "standby.signal").touch()
            server.start_again()
            await it.tail.poll()
            assert not await it.tail.poll()
            assert it.tail.in_recovery
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("SELECT pg_promote()")
                connection.execute("ALTER TABLE session DISABLE TRIGGER ALL")
                connection.execute("DELETE FROM session WHERE id = %s", [session.session_id])
            assert await it.tail.poll()
            assert (it.tail.reconciliations, it.cores.currency.timeline) == (1, 2)
            assert (it.cores.shut, other.closing) == ([entry], None)


def _database(settings):
    from app.data.engine import Database

    return Database(settings, application_name="tests")


@pytest.mark.parametrize("count", [2_000])
async def test_many_closures_at_once_are_applied_while_others_echo(settings, make, hands, count: int):
    """B125: echoes on other sockets keep their latency."""
    account = make.account()
    make.many_sessions(account, count)
    mine, bystander = make.session(account), make.session()
    async with a_node(quick(settings)) as node, opened(node, mine.token) as closing:
        async with opened(node, bystander.token) as socket:
            ending = asyncio.create_task(
                hands.sql("DELETE FROM session WHERE account_id = %(id)s", id=account.account_id)
            )
            while not ending.done():
                async with asyncio.timeout(1):
                    assert await echoes(socket)
            assert (await seen_close(closing)).code == 4001
            assert await echoes(socket)
