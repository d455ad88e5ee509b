import asyncio
import json

import pytest

from app.domain.ids import TransactionId
from tests.realtime.conditions import always, eventually
from tests.realtime.nodes import a_node, echoes, entries_of, opened, quick, received, seen_close
from tests.realtime.raw_peer import CLOSE, PING, PONG, connected_peer

BEAT = {"heartbeat_interval": 0.3, "heartbeat_timeout": 1.5}


@pytest.fixture
async def node(settings):
    async with a_node(quick(settings, **BEAT)) as node:
        yield node


async def test_a_silent_peer_is_pinged_and_then_closed_4003_and_told_to_come_back(node, make):
    """B188: not 4001."""
    session = make.session()
    async with connected_peer(node, token=session.token) as peer:
        await peer.read_response()
        await peer.read()
        assert (await peer.read()).opcode == PING
        while (frame := await peer.read()).opcode == PING:
            pass
        assert '"heartbeat_timeout"' in frame.text
        assert '"now"' in frame.text
        frame = await peer.read()
        assert (frame.opcode, frame.code) == (CLOSE, 4003)


async def test_a_peer_that_answers_pings_stays_and_so_does_one_that_talks(node, make):
    session = make.session()
    async with opened(node, session.token) as answering, connected_peer(node, token=session.token) as peer:
        await peer.read_response()
        await peer.read()
        for _ in range(8):
            frame = await peer.read()
            assert frame.opcode == PING
            await peer.send(PONG, frame.payload)
        assert await echoes(answering)


async def test_nobody_is_silent_while_the_node_holds(settings, make):
    """B156: it is not they who do not speak."""
    session = make.session()
    async with a_node(quick(settings, **BEAT, hold_limit=30)) as node, opened(node, session.token) as socket:
        node.node.tail._connection._url = "postgresql://nobody@127.0.0.1:1/nowhere"
        node.node.tail._connection.drop()
        await eventually(lambda: not node.node.is_current)
        asking = asyncio.create_task(echoes(socket))
        await always(lambda: not asking.done() and entries_of(node)[0].closing is None, for_s=2.0)
        node.node.tail._connection._url = settings.database_url
        assert await asking
        assert await echoes(socket)


async def test_a_socket_that_is_mute_for_a_read_is_not_taken_for_silent(settings, make):
    session = make.session()
    async with a_node(quick(settings, **BEAT)) as node, opened(node, session.token) as socket:
        (entry,) = entries_of(node)
        entry.is_mute, entry.owed = True, (TransactionId(10**12),)  # no read of today sees that
        for number in range(2):  # the second one stays unread, and behind it so do pongs
            await socket.send(json.dumps({"type": "echo", "id": number}))
        asking = asyncio.create_task(received(socket))
        await always(lambda: not asking.done() and entry.closing is None, for_s=2.2)
        entry.is_mute, entry.owed = False, ()
        node.node.holder.wake_gates()
        assert [(await asking)["id"], (await received(socket))["id"]] == [0, 1]


async def test_the_last_ping_is_not_repeated_before_its_time(node, make):
    session = make.session()
    async with connected_peer(node, token=session.token) as peer:
        await peer.read_response()
        await peer.read()
        pings = 0
        async with asyncio.timeout(5):
            while (await peer.read()).opcode == PING:
                pings += 1
        assert 1 <= pings <= 5
        assert (await peer.read()).opcode == CLOSE


async def test_a_socket_that_closes_for_another_reason_is_left_alone(node, make, hands):
    session = make.session()
    async with opened(node, session.token) as socket:
        await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
        assert (await seen_close(socket)).code == 4001
