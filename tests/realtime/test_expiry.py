"""The clock ends a credential, with Redis, workers and beat all absent (B203 to B210)."""

import asyncio
import json
from datetime import timedelta

from app.clock import boot_seconds, sleep_seconds
from app.operations.expire_credentials import expire_credentials
from tests.realtime.conditions import always, eventually
from tests.realtime.nodes import a_node, by_the_log_alone, echoes, entries_of, opened, refused, seen_close

SOON = timedelta(seconds=2.5)


async def test_a_session_is_silent_from_its_end_on_and_closes_4002(settings, make):
    """B203, B205, B241: no beat has ever run."""
    session, bystander = make.session(lifetime=SOON), make.session()
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        async with opened(node, bystander.token) as other:
            assert await echoes(socket)
            await eventually(lambda: boot_seconds() >= entry.deadline)
            assert entry.handle.passage().value != "pass"
            late = boot_seconds() - entry.deadline
            assert (await seen_close(socket)).told == (4002, "session_expired", "after_refresh")
            assert late < 1
            answer = await refused(node, session.token)
            assert (answer.status, answer.body["reason"]) == (401, "session_expired")
            assert await echoes(other)


async def test_no_frame_passes_after_the_end_though_a_peer_keeps_asking(settings, make):
    """B203: the replies that came were to frames of before."""
    session = make.session(lifetime=SOON)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        last = 0.0
        while True:
            asked_at = boot_seconds()
            await socket.send(json.dumps({"type": "echo", "id": 1, "payload": asked_at}))
            message = json.loads(await socket.recv())
            if message["type"] == "closing":
                break
            last = message["payload"]
        assert last < entry.deadline


async def test_a_loop_that_stood_still_across_the_end_lets_no_frame_pass_when_it_wakes(settings, make):
    """B208: as if frozen; the lease is long, and the frame was in the buffer before the end."""
    session, bystander = make.session(lifetime=SOON), make.session()
    async with a_node(by_the_log_alone(settings, lease=30, tail_interval=5)) as node:
        async with opened(node, session.token) as socket, opened(node, bystander.token) as other:
            entry = next(each for each in entries_of(node) if each.token_hash == session.token_hash)
            assert await echoes(socket)
            await socket.send(json.dumps({"type": "echo", "id": "in the buffer"}))
            sleep_seconds(max(0.0, entry.deadline - boot_seconds()) + 0.2)
            assert node.node.is_current
            assert (await seen_close(socket)).told == (4002, "session_expired", "after_refresh")
            assert await echoes(other)


async def test_an_api_token_expires_alone(settings, make):
    """B204."""
    session = make.session()
    token, sibling = make.api_token(session, lifetime=SOON), make.api_token(session)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, token.token) as socket:
        async with opened(node, sibling.token) as other, opened(node, session.token) as owner:
            assert (await seen_close(socket)).told == (4002, "token_expired", "never")
            assert await echoes(other)
            assert await echoes(owner)


async def test_support_access_ends_with_its_grant_at_the_instant(settings, make):
    """B227: the grant's reason is told, though the session ends at the same instant."""
    admin = make.session(make.account(is_global_admin=True))
    organization = make.organization()
    make.grant(organization, lifetime=SOON)
    support = make.support_session(organization, admin)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, support.token) as socket:
        async with opened(node, admin.token) as own:
            assert (await seen_close(socket)).told == (4001, "support_access_ended", "after_sign_in")
            assert await echoes(own)


async def test_a_deadline_years_away_neither_overflows_nor_fires(settings, make, hands):
    """B207."""
    session, token = make.session(), make.api_token()
    await hands.sql("UPDATE session SET expires_at = '9999-12-31', absolute_expires_at = '9999-12-31'")
    async with a_node(by_the_log_alone(settings)) as node:
        async with opened(node, session.token) as socket, opened(node, token.token) as other:
            generation = node.node.holder.currency.generation
            await eventually(lambda: node.node.holder.currency.generation > generation + 2)
            assert await echoes(socket)
            assert await echoes(other)


async def test_a_node_that_is_stale_at_a_deadline_is_silent_all_the_same_and_reads_before_it_speaks(
    settings, make, hands
):
    """B209: the end was moved while the node could not know."""
    moved, ended = make.session(lifetime=SOON), make.session(lifetime=SOON)
    async with a_node(by_the_log_alone(settings, lease=0.8, poll_timeout=0.5)) as node:
        async with opened(node, moved.token) as socket, opened(node, ended.token) as other:
            deadline = max(entry.deadline for entry in entries_of(node))
            with hands.connection() as migration:
                migration.execute("ALTER TABLE session DISABLE TRIGGER ALL")
                migration.execute(
                    "UPDATE session SET expires_at = now() + interval '1 hour' WHERE id = %s",
                    [moved.session_id],
                )
                migration.execute("LOCK TABLE closure, session")
                await eventually(lambda: not node.node.is_current and boot_seconds() > deadline)
                asking = asyncio.create_task(echoes(socket))
                await always(lambda: not asking.done(), for_s=0.2)
            assert await asking
            assert (await seen_close(other)).told == (4002, "session_expired", "after_refresh")


async def test_what_a_sweep_records_later_closes_nothing_twice(settings, make, hands, database):
    """B210: one code, whoever came first."""
    session = make.session(lifetime=SOON, absolute_lifetime=SOON)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        assert (await seen_close(socket)).told == (4002, "session_expired", "after_sign_in")
        assert await asyncio.to_thread(database.transact, expire_credentials) == 1
        generation = node.node.holder.currency.generation
        await eventually(lambda: node.node.holder.currency.generation > generation + 2)
        assert not entries_of(node)
        (row,) = await hands.sql("SELECT id, source, reason FROM revocation")
        assert (row["source"], row["reason"]) == ("expiry", "session_expired")
        receipt = await hands.receipt(row["id"], lambda receipt: receipt.is_complete)
        assert receipt.closed == 0


async def test_a_sweep_that_comes_first_tells_the_same(settings, make, hands, database):
    """B210, B205: the node's own clock says that there is an hour left."""
    session = make.session()
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        with hands.connection() as moving:
            moving.execute("UPDATE session SET expires_at = now(), absolute_expires_at = now()")
            moving.execute(
                "UPDATE session SET terminated_at = clock_timestamp(), end_reason = 'session_expired'"
            )
        assert (await seen_close(socket)).told == (4002, "session_expired", "after_sign_in")
