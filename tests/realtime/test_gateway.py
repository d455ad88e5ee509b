"""Admission: a socket opens between the end of its credential and the news of it (B158 to B174)."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from websockets.asyncio.client import connect

from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from tests.realtime.conditions import eventually
from tests.realtime.ends import Kind, every_kind
from tests.realtime.nodes import (
    RunningNode,
    a_node,
    by_the_doorbell_alone,
    echoes,
    entries_of,
    opened,
    quick,
    received,
    refused,
    seen_close,
)
from tests.realtime.openings import Pause, paused_after_the_read, paused_before_the_read


@every_kind
async def test_what_ended_before_the_verifying_read_is_refused_with_the_reason(
    settings, make, hands, kind: Kind
):
    """B158, B163, B237: no `ready`, no frame, one answer."""
    token, end, reason = await kind(make, hands)
    bystander = make.session()
    async with a_node(quick(settings)) as node, opened(node, bystander.token) as other:
        async with paused_before_the_read(node) as pause:
            opening = asyncio.create_task(refused(node, token))
            await pause.reached.wait()
            await end()
            pause.over.set()
            answer = await opening
        assert (answer.status, answer.body["reason"]) == (401, reason)
        assert (await refused(node, token)).body == answer.body  # B10
        assert await echoes(other)
        assert len(entries_of(node)) == 1


@every_kind
async def test_what_ended_between_the_read_and_admission_is_refused_by_what_was_applied_meanwhile(
    settings, make, hands, kind: Kind
):
    """B159, B160: the read itself saw a live row."""
    token, end, reason = await kind(make, hands)
    async with a_node(quick(settings)) as node:
        async with paused_after_the_read(node) as pause:
            opening = asyncio.create_task(refused(node, token))
            await pause.reached.wait()
            applied = node.node.holder.currency.generation
            await end()
            await eventually(lambda: node.node.holder.currency.generation > applied + 1)
            pause.over.set()
            answer = await opening
        assert (answer.status, answer.body["reason"]) == (401, reason)


@every_kind
async def test_what_ends_in_the_instant_after_admission_closes_the_socket(settings, make, hands, kind: Kind):
    """B162, B163: by the log or the doorbell."""
    token, end, reason = await kind(make, hands)
    async with a_node(quick(settings)) as node, opened(node, token) as socket:
        await end()
        code, told, _ = (await seen_close(socket)).told
        assert (code, told) == (4002 if reason == "session_expired" else 4001, reason)


@every_kind
async def test_an_end_that_is_not_committed_when_the_socket_opens_closes_it_at_commit(
    settings, make, hands, kind: Kind
):
    """B161, B50."""
    token, _, _ = await kind(make, hands)
    async with a_node(quick(settings)) as node:
        with hands.connection() as ending:
            ending.execute("UPDATE support_access_grant SET revoked_at = clock_timestamp()")
            ending.execute("UPDATE account SET suspended_at = clock_timestamp()")
            async with opened(node, token) as socket:
                applied = node.node.holder.currency.generation
                await eventually(lambda: node.node.holder.currency.generation > applied + 1)
                assert await echoes(socket)
                ending.commit()
                assert (await seen_close(socket)).code == 4001


async def test_an_opening_is_not_disturbed_by_the_end_of_another_session(settings, make, hands):
    """B164."""
    account = make.account()
    mine, other = make.session(account), make.session(account)
    async with a_node(quick(settings)) as node, paused_after_the_read(node) as pause:
        opening = asyncio.create_task(_ready(node, mine.token))
        await pause.reached.wait()
        applied = node.node.holder.currency.generation
        await hands.revoke(end_own_session, caller=other.caller, session_id=other.session_id)
        await eventually(lambda: node.node.holder.currency.generation > applied + 1)
        pause.over.set()
        assert await opening


async def test_an_api_token_that_is_opening_while_all_sessions_end_is_verified_again_and_admitted(
    settings, make, hands
):
    """B165, B174: where it would be told to reconnect, it is read once more instead."""
    session = make.session()
    token = make.api_token(session)
    async with a_node(quick(settings)) as node, paused_after_the_read(node) as pause:
        opening = asyncio.create_task(_ready(node, token.token))
        await pause.reached.wait()
        applied = node.node.holder.currency.generation
        await hands.revoke(end_all_own_sessions, caller=session.caller, except_current=False)
        await eventually(lambda: node.node.holder.currency.generation > applied + 1)
        pause.over.set()
        assert await opening


async def test_a_sign_in_after_the_end_of_all_sessions_is_not_touched_by_its_closure_however_late(
    settings, make, hands
):
    """B45, B174: the node has not applied the closure when the socket opens, and spares it when it does."""
    account = make.account()
    old = make.session(account)
    async with a_node(by_the_doorbell_alone(settings)) as node, opened(node, old.token) as before:
        await hands.sql(
            "UPDATE account SET sessions_ended_at = clock_timestamp() WHERE id = %(id)s",
            id=account.account_id,
        )
        async with opened(node, make.session(account).token) as after:
            assert await echoes(before)
            node.node.tail.ring("now")
            assert (await seen_close(before)).told == (4001, "all_sessions_revoked", "after_sign_in")
            assert await echoes(after)


async def _ready(node: RunningNode, token: str) -> bool:
    async with opened(node, token) as socket:
        return await echoes(socket)


async def test_a_pending_socket_is_counted_among_those_closed_and_not_among_the_admitted(settings, make):
    """B168, B267."""
    session = make.session()
    registry_of = lambda node: node.node.holder.registry  # noqa: E731
    async with a_node(quick(settings)) as node, paused_after_the_read(node) as pause:
        opening = asyncio.create_task(refused(node, session.token))
        await pause.reached.wait()
        registry = registry_of(node)
        assert (len(registry), registry.pending_count) == (1, 1)
        assert registry.close_sockets_for_session(session.token_hash) == 1
        assert registry.close_sockets_for_session(session.token_hash) == 0
        pause.over.set()
        assert (await opening).status == 401


@pytest.mark.parametrize("paused", [paused_before_the_read, paused_after_the_read])
async def test_a_client_that_gives_up_while_it_opens_leaves_nothing_behind(settings, make, paused):
    """B170, B172."""
    session = make.session()
    async with a_node(quick(settings)) as node:
        async with paused(node) as pause:
            opening = asyncio.create_task(_give_up(node, session.token, pause))
            await pause.reached.wait()
            await opening
            pause.over.set()
            await eventually(lambda: not entries_of(node))
        assert node.node.holder.registry.index_size == 0


async def _give_up(node: RunningNode, token: str, pause: Pause) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    connecting = asyncio.create_task(connect(node.url, additional_headers=headers, proxy=None).__aenter__())
    await pause.reached.wait()
    connecting.cancel()
    with suppress(asyncio.CancelledError):
        await connecting


async def test_frames_that_come_before_admission_wait_for_it(settings, make):
    """B170: a client may send behind its handshake; nothing is dispatched before the 101."""
    from tests.realtime.raw_peer import TEXT, connected_peer

    session = make.session()
    async with a_node(quick(settings)) as node, paused_before_the_read(node) as pause:
        async with connected_peer(node, token=session.token) as peer:
            await pause.reached.wait()
            await peer.send(TEXT, b'{"type":"echo","id":1,"payload":"early"}')
            pause.over.set()
            assert b"101" in await peer.read_response()
            assert "ready" in (await peer.read()).text
            assert "early" in (await peer.read()).text
            peer.hang_up()
            await eventually(lambda: not entries_of(node))


async def test_ready_is_the_first_frame_and_says_where_and_by_what(settings, make):
    """B255."""
    session = make.session()
    async with a_node(quick(settings, node_name="n1")) as node:
        headers = {"Authorization": f"Bearer {session.token}"}
        async with connect(node.url, additional_headers=headers, proxy=None) as socket:
            ready = await received(socket)
            (entry,) = entries_of(node)
            assert ready == {
                "type": "ready", "connection_id": str(entry.connection_id), "node": "n1", "credential": "session",
            }  # fmt: skip


async def test_an_opening_that_takes_too_long_is_given_up(settings, make):
    """B167."""
    session = make.session()
    slow = quick(settings, opening_limit=0.3, remember_closures=0.5)
    async with a_node(slow) as node, paused_after_the_read(node) as pause:
        answer = await refused(node, session.token)
        assert (answer.status, answer.body["reason"]) == (503, "node_not_current")
        assert pause.reached.is_set()
        await eventually(lambda: not entries_of(node))


async def test_a_session_whose_last_moment_passes_while_it_opens_is_read_again(settings, make):
    session = make.session(lifetime=timedelta(seconds=2))
    async with a_node(quick(settings)) as node, paused_after_the_read(node) as pause:
        opening = asyncio.create_task(refused(node, session.token))
        await pause.reached.wait()
        await asyncio.to_thread(_wait_until_ended, make, session)
        pause.over.set()
        answer = await opening
        assert (answer.status, answer.body["reason"]) == (401, "session_expired")


def _wait_until_ended(make, session) -> None:
    from app.data.rows import one_row

    with make.database.session() as db:
        one_row(
            db,
            "SELECT pg_sleep(extract(epoch FROM expires_at - clock_timestamp())) FROM session WHERE id = %(id)s",
            id=session.session_id,
        )
