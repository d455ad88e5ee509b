"""How connections end: by us, by the peer, by the server's own stop; always within the grace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.realtime.sending import GateShut
from app.sockets.gate import Passage
from tests.realtime.conditions import eventually
from tests.realtime.raw_peer import CLOSE, TEXT, RawPeer, connected_peer
from tests.realtime.served import FRAME_LIMIT, Server, Socket, on_both_loops, serving

SHORT_GRACE_S = 0.1
NEVER_S = 60.0
AT_ONCE_S = 2.0
KILOBYTE = "x" * 1000


@asynccontextmanager
async def open_socket(
    *, grace_s: float, small_buffer: bool = False
) -> AsyncIterator[tuple[Server, Socket, RawPeer]]:
    async with serving() as server, connected_peer(server, small_buffer=small_buffer) as peer:
        socket = await server.socket()
        socket.transport.grace_s = grace_s
        await socket.accept()
        if not small_buffer:
            await peer.read_response()
        yield server, socket, peer
        socket.leave()


@on_both_loops
async def test_a_willing_client_reads_the_reply_then_closing_then_the_code():
    async with open_socket(grace_s=NEVER_S) as (_, socket, peer):
        socket.set_gate(Passage.SHUT)
        assert socket.transport.write_now("reply")
        assert socket.transport.write_now("closing")
        assert socket.transport.write_close_now(4001, "revoked")
        assert [(await peer.read()).text for _ in range(2)] == ["reply", "closing"]
        close = await peer.read()
        assert (close.opcode, close.code, close.payload[2:]) == (CLOSE, 4001, b"revoked")
        await peer.send_close(4001)
        remains = await peer.read_to_end()
        assert (remains.data, remains.was_reset) == (b"", False)
        await socket.closed()
        assert socket.transport.peer_answered_close
        assert not socket.transport.is_aborted


@on_both_loops
async def test_after_a_close_nothing_goes_out_or_comes_in_and_the_disconnect_is_next():
    async with open_socket(grace_s=NEVER_S) as (_, socket, peer):
        await peer.send(TEXT, b"queued")
        await eventually(lambda: not socket.transport.is_reading)
        socket.set_gate(Passage.WAIT)
        waiting = [asyncio.ensure_future(socket.send("held")) for _ in range(3)]
        await asyncio.sleep(0)
        assert socket.transport.write_close_now(4001)
        assert (await socket.receive())["type"] == "websocket.disconnect"
        socket.set_gate(Passage.PASS)
        for sending in (*waiting, asyncio.ensure_future(socket.send("late"))):
            with pytest.raises(GateShut):
                await asyncio.wait_for(sending, AT_ONCE_S)
        assert not socket.transport.write_now("late")
        assert not socket.transport.write_close_now(4002)
        await socket.close(4002)
        await peer.send(TEXT, b"late")
        assert (await peer.read()).code == 4001
        await peer.send_close(4001)
        assert (await peer.read_to_end()).data == b""
        await socket.closed()
        assert (await socket.receive())["type"] == "websocket.disconnect"


@on_both_loops
async def test_a_peer_that_never_answers_the_close_is_reset_when_the_grace_is_over():
    async with open_socket(grace_s=SHORT_GRACE_S) as (server, socket, peer):
        assert socket.transport.write_close_now(4001)
        socket.leave()
        await eventually(lambda: server.tasks == 0)
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)
        assert socket.transport.is_aborted
        assert not socket.transport.peer_answered_close
        assert (await peer.read_to_end()).was_reset


@on_both_loops
async def test_a_peer_that_goes_on_sending_after_the_close_does_not_prolong_the_grace():
    async with open_socket(grace_s=SHORT_GRACE_S) as (_, socket, peer):
        assert socket.transport.write_close_now(4001)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await asyncio.wait_for(_send_on_and_on(peer), AT_ONCE_S)
        await socket.closed()
        assert socket.transport.is_aborted
        assert (await socket.receive())["type"] == "websocket.disconnect"


@on_both_loops
async def test_a_peer_whose_buffers_are_full_is_reset_when_the_grace_is_over():
    async with open_socket(grace_s=SHORT_GRACE_S, small_buffer=True) as (_, socket, peer):
        sending = await socket.fill(KILOBYTE)
        assert socket.transport.write_close_now(4001)
        with pytest.raises(GateShut):
            await sending
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)
        assert (await peer.read_to_end()).was_reset


@on_both_loops
async def test_a_socket_that_was_held_hears_the_answer_to_its_close():
    async with open_socket(grace_s=NEVER_S) as (_, socket, peer):
        socket.transport.pause_reading()
        assert socket.transport.write_close_now(1013)
        assert (await peer.read()).code == 1013
        await peer.send_close(1013)
        await socket.closed()
        assert socket.transport.peer_answered_close


@on_both_loops
async def test_a_client_that_closes_first_is_answered_and_its_messages_come_before():
    async with open_socket(grace_s=NEVER_S) as (_, socket, peer):
        await peer.send(TEXT, b"last words")
        await peer.send_close(1000)
        assert (await socket.receive())["text"] == "last words"
        assert await socket.receive() == {"type": "websocket.disconnect", "code": 1000, "reason": ""}
        assert (await peer.read()).code == 1000
        assert not (await peer.read_to_end()).was_reset
        await socket.closed()
        assert socket.transport.peer_answered_close
        assert not socket.transport.is_aborted


@on_both_loops
async def test_a_client_that_closes_first_and_does_not_read_is_gone_within_the_grace():
    async with open_socket(grace_s=SHORT_GRACE_S, small_buffer=True) as (_, socket, peer):
        sending = await socket.fill(KILOBYTE)
        await peer.send_close(1000)
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)
        with pytest.raises(OSError):  # noqa: PT011
            await sending
        assert (await peer.read_to_end()).was_reset


@on_both_loops
async def test_a_client_that_hangs_up_half_and_does_not_read_is_gone_within_the_grace():
    async with open_socket(grace_s=SHORT_GRACE_S, small_buffer=True) as (_, socket, peer):
        sending = await socket.fill(KILOBYTE)
        peer.half_close()
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)
        with pytest.raises(OSError):  # noqa: PT011
            await sending
        assert (await peer.read_to_end()).was_reset


@on_both_loops
async def test_a_message_that_is_too_large_ends_in_1009_which_the_peer_can_read():
    async with open_socket(grace_s=NEVER_S) as (_, socket, peer):
        sending = asyncio.ensure_future(peer.send(TEXT, b"x" * (40 * FRAME_LIMIT)))
        event = await socket.receive()
        assert (event["type"], event["code"]) == ("websocket.disconnect", 1009)
        await sending
        assert (await peer.read()).code == 1009
        assert not socket.transport.write_now("late")
        assert not socket.transport.write_close_now(4001)
        with pytest.raises(GateShut):
            await socket.send("late")
        peer.hang_up()
        await socket.closed()
        assert not socket.transport.is_aborted


@on_both_loops
async def test_after_1009_a_peer_that_stays_is_reset_when_the_grace_is_over():
    async with open_socket(grace_s=SHORT_GRACE_S) as (_, socket, peer):
        await peer.send(TEXT, b"x" * (FRAME_LIMIT + 1))
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)
        assert socket.transport.is_aborted
        assert (await peer.read()).code == 1009


@on_both_loops
async def test_a_message_as_large_as_the_limit_is_received():
    async with open_socket(grace_s=NEVER_S) as (_, socket, peer):
        await peer.send(TEXT, b"x" * FRAME_LIMIT)
        assert len((await socket.receive())["text"]) == FRAME_LIMIT


@on_both_loops
async def test_an_application_that_returns_takes_tcp_with_it_read_or_not():
    async with open_socket(grace_s=NEVER_S, small_buffer=True) as (_, socket, peer):
        sending = await socket.fill(KILOBYTE)
        socket.leave()
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)
        with pytest.raises(OSError):  # noqa: PT011
            await sending
        assert (await peer.read_to_end()).was_reset


@on_both_loops
async def test_an_application_that_closes_by_asgi_is_bounded_in_the_same_way():
    async with open_socket(grace_s=SHORT_GRACE_S) as (server, socket, peer):
        await socket.close(1008)
        socket.leave()
        await eventually(lambda: server.tasks == 0)
        assert (await peer.read()).code == 1008
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)
        assert socket.transport.is_aborted


@on_both_loops
async def test_a_server_that_stops_leaves_the_close_to_an_application_that_asked_for_it():
    async with open_socket(grace_s=NEVER_S) as (server, socket, peer):
        asked = asyncio.Event()
        socket.transport.on_shutdown = asked.set
        server.uvicorn.should_exit = True
        await asyncio.wait_for(asked.wait(), AT_ONCE_S)
        await socket.send("still here")
        assert (await peer.read()).text == "still here"
        assert socket.transport.write_close_now(1012)
        assert (await peer.read()).code == 1012
        await peer.send_close(1012)
        await socket.closed()


@on_both_loops
async def test_a_server_that_stops_closes_by_itself_a_socket_whose_application_did_not_ask():
    async with open_socket(grace_s=SHORT_GRACE_S) as (server, socket, peer):
        socket.set_gate(Passage.SHUT)
        server.uvicorn.should_exit = True
        assert (await peer.read()).code == 1012
        assert (await socket.receive())["code"] == 1012
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)


@on_both_loops
async def test_a_server_that_stops_is_not_disturbed_by_sockets_that_are_closing():
    async with open_socket(grace_s=SHORT_GRACE_S) as (server, socket, _peer):
        assert socket.transport.write_close_now(4001)
        socket.leave()
        server.uvicorn.should_exit = True
        await eventually(lambda: not server.uvicorn.server_state.connections)


async def _send_on_and_on(peer: RawPeer) -> None:
    while True:
        await peer.send(TEXT, b"on and on")
        await asyncio.sleep(0)
