"""The lease, and what each policy makes of its end (B145 to B157)."""

import asyncio
import json
import time
from socket import SO_RCVBUF, SO_SNDBUF, SOL_SOCKET

import pytest
from prometheus_client import REGISTRY

from app.clock import boot_seconds
from tests.realtime.conditions import always, eventually
from tests.realtime.databases import a_line_to_the_database, a_postgres
from tests.realtime.nodes import a_node, ask, echoes, entries_of, opened, quick, received, refused, seen_close

LEASE_S = 1.5
SHORT = {"lease": LEASE_S, "tail_interval": 0.2, "poll_timeout": 0.5}


def cut_off(node, settings) -> None:
    """The node's tail finds no database any more."""
    node.node.tail._connection._url = "postgresql://nobody@127.0.0.1:1/nowhere"
    node.node.tail._connection.drop()


def let_back(node, settings) -> None:
    node.node.tail._connection._url = settings.database_url


async def test_a_node_behind_a_dead_line_holds_every_frame_from_the_end_of_its_lease_on(
    settings, make, hands
):
    """B145, B146, B117: what ended meanwhile closes without any held frame; the others go on in order."""
    session, bystander = make.session(), make.session()
    async with a_line_to_the_database(settings) as (line, through):
        async with a_node(quick(through, **SHORT, reconcile_interval=3600)) as node:
            async with opened(node, session.token) as socket, opened(node, bystander.token) as other:
                node.node.subscriber._closer = _Deaf()
                _keep_silent(line)
                silent_at = boot_seconds()
                await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
                assert await echoes(socket)
                await eventually(lambda: not node.node.is_current)
                assert boot_seconds() - silent_at <= LEASE_S + 0.3
                for number in range(30):
                    await other.send(json.dumps({"type": "echo", "id": number}))
                    await socket.send(json.dumps({"type": "echo", "id": number}))
                reply = asyncio.create_task(received(other))
                await always(lambda: not reply.done(), for_s=0.4)
                _let_speak(line)
                assert (await seen_close(socket)).told == (4001, "session_revoked", "after_sign_in")
                assert [(await reply)["id"], *[(await received(other))["id"] for _ in range(29)]] == list(
                    range(30)
                )
                assert await echoes(other)


class _Deaf:
    """In place of the registry: the doorbell closes nothing in this test."""

    def close_sockets_for_session(self, *_args, **_more) -> int:
        return 0

    close_sockets_for_token = close_sockets_for_account = close_sockets_for_session


def _keep_silent(line) -> None:
    """What is open is dead, and what is opened later as well."""
    line.drops = b""
    line.go_silent()


def _let_speak(line) -> None:
    line.drops = None


async def test_after_the_hold_limit_sockets_are_sent_elsewhere(settings, make):
    """B147."""
    async with a_node(quick(settings, **SHORT, hold_limit=0.5)) as node:
        async with opened(node, make.session().token) as one, opened(node, make.session().token) as two:
            cut_off(node, settings)
            await eventually(lambda: not node.node.is_current)
            stale_at = boot_seconds()
            seen = [await seen_close(socket) for socket in (one, two)]
            assert {each.told for each in seen} == {(1013, "node_not_current", "now")}
            assert all(each.message["retry_after_ms"] > 0 for each in seen)
            assert 0.3 < boot_seconds() - stale_at < 1.5


async def test_under_close_sockets_are_sent_elsewhere_at_once(settings, make):
    """B148."""
    async with a_node(quick(settings, **SHORT, stale_policy="close")) as node:
        async with opened(node, make.session().token) as socket:
            cut_off(node, settings)
            await eventually(lambda: not node.node.is_current)
            stale_at = boot_seconds()
            assert (await seen_close(socket)).told == (1013, "node_not_current", "now")
            assert boot_seconds() - stale_at < 0.5


async def test_under_serve_frames_pass_and_it_is_counted_and_said(settings, make):
    """B148."""
    async with a_node(quick(settings, **SHORT, stale_policy="serve")) as node:
        async with opened(node, make.session().token) as socket:
            cut_off(node, settings)
            await eventually(lambda: not node.node.is_current)
            before = REGISTRY.get_sample_value("cutoff_served_stale_seconds_total") or 0.0
            assert await echoes(socket)
            await eventually(
                lambda: (REGISTRY.get_sample_value("cutoff_served_stale_seconds_total") or 0.0) > before,
                within_s=1,
            )
            assert any("policy serve" in sentence for sentence in node.node.why)
            assert (await refused(node, make.session().token)).status == 503
            let_back(node, settings)
            await eventually(lambda: node.node.is_current)
            assert await echoes(socket)


async def test_a_frozen_database_holds_and_a_thawed_one_lets_go(settings, make):
    """Down for all: `pg_ctl stop`, a frozen server, a killed one."""
    with a_postgres() as server:
        from app.data.engine import Database
        from tests.builders import Builders

        theirs = settings.model_copy(update={"database_url": server.url})
        database = Database(theirs, application_name="tests")
        session = Builders(database).session()
        database.dispose()
        async with a_node(quick(theirs, **SHORT)) as node, opened(node, session.token) as socket:
            await asyncio.to_thread(server.freeze)
            await eventually(lambda: not node.node.is_current)
            asking = asyncio.create_task(echoes(socket))
            assert (await refused(node, session.token)).status == 503
            await always(lambda: not asking.done(), for_s=0.3)
            await asyncio.to_thread(server.thaw)
            assert await asking
            await asyncio.to_thread(server.kill)
            await eventually(lambda: not node.node.is_current)
            asking = asyncio.create_task(echoes(socket))
            await eventually(lambda: "PostgreSQL does not answer." in node.node.why)
            await always(lambda: not asking.done(), for_s=0.3)
            await asyncio.to_thread(server.start_again)
            assert await asking


async def test_a_blocked_loop_meets_the_lease_before_the_first_frame(settings, make, hands):
    """B149, B150, B152: as if frozen; frames wait in the buffers when it wakes, and none passes on old knowledge."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings, lease=0.6, tail_interval=0.1, poll_timeout=0.5)) as node:
        async with opened(node, session.token) as socket, opened(node, bystander.token) as other:
            await hands.sql("SELECT 1")
            (entry, _) = entries_of(node)
            for number in range(20):
                await socket.send(json.dumps({"type": "echo", "id": number}))
            await asyncio.to_thread(lambda: None)
            replies = [await received(socket) for _ in range(20)]
            assert [reply["id"] for reply in replies] == list(range(20))
            _freeze_across_an_end(settings.database_url, session.session_id, for_s=1.0)
            asked_at = boot_seconds()
            await socket.send(json.dumps({"type": "echo", "id": "after"}))
            assert entry.handle.passage().value != "pass"
            assert (await seen_close(socket)).code == 4001
            assert boot_seconds() - asked_at < 2
            assert await echoes(other)


def _freeze_across_an_end(database_url: str, session_id, *, for_s: float) -> None:
    """The loop stands still, and meanwhile somebody else ends the session."""
    import psycopg

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM session WHERE id = %s", [session_id])
    time.sleep(for_s)


async def test_a_locked_log_runs_the_lease_out_and_all_is_applied_on_release(settings, make, hands):
    """B118."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings, **SHORT)) as node:
        async with opened(node, session.token) as socket, opened(node, bystander.token) as other:
            with hands.connection() as migration:
                migration.execute("DELETE FROM session WHERE id = %s", [session.session_id])
                migration.execute("LOCK TABLE closure")
                await eventually(lambda: not node.node.is_current)
                asking = asyncio.create_task(echoes(other))
                await always(lambda: not asking.done(), for_s=0.2)
            assert (await seen_close(socket)).code == 4001
            assert await asking


async def test_a_locked_row_of_the_node_costs_a_report_and_never_the_lease(settings, make, hands):
    """B118: the lease hangs on nothing but a read."""
    async with a_node(quick(settings, **SHORT)) as node, opened(node, make.session().token) as socket:
        with hands.connection() as somebody:
            somebody.execute("SELECT 1 FROM node FOR UPDATE")
            generation = node.node.holder.currency.generation
            await eventually(lambda: node.node.holder.currency.generation > generation + 10)
            assert node.node.is_current
            assert await echoes(socket)


async def test_one_poll_that_is_lost_costs_nothing_at_the_default_settings(settings, make):
    """B157."""
    defaults = settings.model_copy(update={"node_name": "defaults"})
    async with a_node(defaults) as node, opened(node, make.session().token) as socket:
        connection = node.node.tail._connection
        failures = node.node.tail.failures
        connection.drop()
        connection._url = "postgresql://nobody@127.0.0.1:1/nowhere"
        node.node.tail.ring("now")
        await eventually(lambda: node.node.tail.failures > failures)
        connection._url = settings.database_url
        generation = node.node.holder.currency.generation
        while node.node.holder.currency.generation == generation:
            assert node.node.is_current
            assert await echoes(socket)


async def test_a_peer_that_leaves_while_the_node_holds_is_forgotten_at_once(settings, make):
    async with a_node(quick(settings, **SHORT)) as node:
        async with opened(node, make.session().token) as socket:
            cut_off(node, settings)
            await eventually(lambda: not node.node.is_current)
            await socket.send(json.dumps({"type": "echo", "id": 1}))
            await asyncio.sleep(0)
        await eventually(lambda: not entries_of(node), within_s=2)
        assert not node.node.is_current


@pytest.mark.parametrize("frames", [500])
async def test_what_comes_in_while_the_node_holds_is_not_read_without_bound(settings, make, frames: int):
    """B156: and nothing of it is lost or doubled."""
    async with a_node(quick(settings, **SHORT)) as node, opened(node, make.session().token) as socket:
        assert await ask(socket, type="echo", id=0)
        cut_off(node, settings)
        await eventually(lambda: not node.node.is_current)
        (entry,) = entries_of(node)
        protocol = entry.handle.transport._protocol
        _with_small_kernel_buffers(protocol.transport, socket.transport)
        payload = "x" * 8_000

        async def send_all() -> None:
            for number in range(frames):
                await socket.send(json.dumps({"type": "echo", "id": number, "payload": payload}))

        sending = asyncio.create_task(send_all())
        await always(lambda: protocol.queue.qsize() < 200, for_s=0.5)
        assert not sending.done()
        let_back(node, settings)
        assert [(await received(socket))["id"] for _ in range(frames)] == list(range(frames))
        await sending


def _with_small_kernel_buffers(*transports: asyncio.BaseTransport) -> None:
    """Left alone, a kernel may keep tens of megabytes on the way, and the sender would not notice who reads."""
    for transport in transports:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(SOL_SOCKET, SO_RCVBUF, 32_768)
        raw.setsockopt(SOL_SOCKET, SO_SNDBUF, 32_768)
