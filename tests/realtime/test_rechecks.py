import asyncio
from datetime import timedelta

from app.clock import boot_seconds
from app.data.rows import run
from tests.realtime.conditions import always, eventually
from tests.realtime.databases import SteppedConnection
from tests.realtime.nodes import (
    a_node,
    by_the_log_alone,
    echoes,
    entries_of,
    opened,
    quick,
    seen_close,
)

MOVE_END = "UPDATE session SET expires_at = now() + %(by)s, absolute_expires_at = now() + interval '1 day' WHERE id = %(id)s"


async def test_an_end_that_is_moved_later_lets_sockets_pass_the_old_deadline(settings, make, hands):
    """B214."""
    session = make.session(lifetime=timedelta(seconds=2.5))
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        old = entry.deadline
        await hands.sql(MOVE_END, id=session.session_id, by=timedelta(hours=1))
        await eventually(lambda: entry.deadline > old + 60, within_s=1.0)
        await eventually(lambda: boot_seconds() > old + 0.1)
        assert await echoes(socket)


async def test_an_end_that_is_moved_earlier_closes_at_the_new_time(settings, make, hands):
    """B96, B214: not before, and silent from then on."""
    session, bystander = make.session(), make.session()
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        async with opened(node, bystander.token) as other:
            await hands.sql(MOVE_END, id=session.session_id, by=timedelta(seconds=1.0))
            ends_at = boot_seconds() + 1.0
            await eventually(lambda: entry.deadline < ends_at, within_s=0.9)
            assert await echoes(socket)
            assert entry.deadline > ends_at - 0.3
            assert (await seen_close(socket)).told == (4002, "session_expired", "after_refresh")
            assert ends_at - 0.3 < boot_seconds() < ends_at + 0.6
            assert await echoes(other)


async def test_at_a_deadline_the_credential_is_read_and_speaks_on_if_it_is_alive(settings, make, hands):
    """The log did not tell: the trigger is off, as in a logical apply."""
    session = make.session(lifetime=timedelta(seconds=2.5))
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        old = entry.deadline
        await hands.sql("ALTER TABLE session DISABLE TRIGGER ALL")
        await hands.sql(MOVE_END, id=session.session_id, by=timedelta(hours=1))
        await eventually(lambda: entry.deadline > old)
        assert boot_seconds() >= old
        assert await echoes(socket)


async def test_at_a_deadline_that_cannot_be_read_the_socket_is_mute_until_it_can(settings, make, hands):
    session, bystander = make.session(lifetime=timedelta(seconds=2.5)), make.session()
    async with (
        a_node(by_the_log_alone(settings, hold_limit=20)) as node,
        opened(node, session.token) as socket,
    ):
        entry = entries_of(node)[0]
        async with opened(node, bystander.token) as other:
            old = entry.deadline
            await hands.sql("ALTER TABLE session DISABLE TRIGGER ALL")
            await hands.sql(MOVE_END, id=session.session_id, by=timedelta(hours=1))
            with hands.connection() as migration:
                migration.execute("LOCK TABLE session")
                await eventually(lambda: boot_seconds() >= old)
                asking = asyncio.create_task(echoes(socket))
                await always(lambda: not asking.done() and entry.closing is None, for_s=0.3)
                assert await echoes(other)
            assert await asking


async def test_a_recheck_mutes_and_the_read_lets_speak_on_in_order_and_once(settings, make, hands):
    """B99: the credential is alive, and nothing closes."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        async with opened(node, bystander.token) as other:
            stepped = SteppedConnection(settings.database_url)
            stepped.hold()
            node.node.rechecks._connection = stepped
            await hands.sql(
                "INSERT INTO audit_event (type, outcome, session_id) VALUES ('session_revoke', 'success', %(id)s)",
                id=str(session.session_id),
            )
            await stepped.answered.wait()
            assert entry.is_mute
            asking = asyncio.create_task(_said(socket, 20))
            await always(lambda: not asking.done(), for_s=0.1)
            assert await echoes(other)
            stepped.let_go.set()
            assert await asking == list(range(20))
            stepped.drop()


async def _said(socket, count: int) -> list[int]:
    import json

    for number in range(count):
        await socket.send(json.dumps({"type": "echo", "id": number}))
    return [json.loads(await socket.recv())["id"] for _ in range(count)]


async def test_a_recheck_is_reported_as_applied_only_when_its_read_is_done(settings, make, hands):
    """R2: receipts wait for it."""
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as socket:
        stepped = SteppedConnection(settings.database_url)
        stepped.hold()
        node.node.rechecks._connection = stepped
        currency, registry = node.node.holder.currency, node.node.holder.registry
        await hands.sql(
            "INSERT INTO audit_event (type, outcome, session_id) VALUES ('session_revoke', 'success', %(id)s)",
            id=str(session.session_id),
        )
        await stepped.answered.wait()
        settled = currency.settled(owed_since=registry.owed_since)
        cursor = currency.cursor
        await eventually(lambda: currency.cursor is not cursor)
        assert currency.settled(owed_since=registry.owed_since) == settled
        stepped.let_go.set()
        await eventually(
            lambda: (
                (now := currency.settled(owed_since=registry.owed_since)) is not None
                and now.snapshot == currency.cursor
            )
        )
        assert await echoes(socket)
        stepped.drop()


async def test_the_slow_timer_closes_what_the_log_never_told(settings, make, database):
    """R7, B105: a statement trigger does not fire in a logical apply."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings, reconcile_interval=1)) as node, opened(node, session.token) as socket:
        async with opened(node, bystander.token) as other:
            with database.session() as db:
                run(db, "ALTER TABLE session DISABLE TRIGGER ALL")
                run(db, "DELETE FROM session WHERE id = %(id)s", id=session.session_id)
            assert (await seen_close(socket, within_s=4)).told == (4001, "session_revoked", "after_sign_in")
            assert await echoes(other)


async def test_between_the_rounds_of_the_slow_timer_nobody_is_read(settings, make):
    """Few sockets are not read more often than many: what closes sooner, the doorbell, the log or a deadline has closed."""
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as socket:
        reading = node.node.rechecks._connection
        statements: list[str] = []
        fetch = reading.fetch

        async def watched(statement, *arguments, **more):
            statements.append(statement)
            return await fetch(statement, *arguments, **more)

        reading.fetch = watched  # type: ignore[method-assign, assignment]
        await always(lambda: not statements, for_s=2.5)
        assert await echoes(socket)


async def test_an_entry_that_leaves_at_its_deadline_is_not_remembered(settings, make, hands):
    session = make.session(lifetime=timedelta(seconds=2))
    async with a_node(quick(settings)) as node:
        async with opened(node, session.token):
            (entry,) = entries_of(node)
            with hands.connection() as migration:
                migration.execute("LOCK TABLE session")
                await eventually(lambda: entry in node.node.rechecks._due)
                entry.handle.transport.abort()
                await eventually(lambda: not entry.is_attached)
        await eventually(lambda: not node.node.rechecks._due)
