"""The gate and the abort, on a real uvicorn with real peers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from uvicorn.protocols.utils import ClientDisconnected

from app.realtime.sending import GateShut
from app.realtime.tcp import SEND_BUFFER_BYTES
from app.sockets.gate import Passage
from tests.realtime.conditions import eventually
from tests.realtime.raw_peer import BINARY, CONT, PING, PONG, TEXT, RawPeer, connected_peer, frame_bytes
from tests.realtime.served import Server, Socket, on_both_loops, serving

KILOBYTE = "x" * 1000
FEW_KILOBYTES = 10_000


@asynccontextmanager
async def open_socket(
    *, gate: Passage | None = Passage.PASS, small_buffer: bool = False
) -> AsyncIterator[tuple[Server, Socket, RawPeer]]:
    async with serving() as server, connected_peer(server, small_buffer=small_buffer) as peer:
        socket = await server.socket()
        await socket.accept(gate=gate)
        yield server, socket, peer
        socket.leave()


@on_both_loops
async def test_an_open_gate_lets_frames_pass_both_ways():
    async with open_socket() as (_, socket, peer):
        await peer.read_response()
        await socket.send("out")
        assert (await peer.read()).text == "out"
        await peer.send(TEXT, b"in")
        assert await socket.receive() == {"type": "websocket.receive", "text": "in"}
        await peer.send(BINARY, b"\0")
        assert await socket.receive() == {"type": "websocket.receive", "bytes": b"\0"}


@on_both_loops
async def test_a_connection_without_a_gate_is_mute():
    """B169."""
    async with open_socket(gate=None) as (_, socket, peer):
        await peer.read_response()
        with pytest.raises(GateShut):
            await socket.send("out")
        assert socket.transport.write_now("past the gate")
        assert (await peer.read()).text == "past the gate"


@on_both_loops
async def test_a_frame_is_dropped_at_a_shut_gate_and_its_sender_told():
    async with open_socket(gate=Passage.SHUT) as (_, socket, peer):
        await peer.read_response()
        with pytest.raises(GateShut):
            await socket.send("dropped")
        socket.transport.write_now("closing")
        assert (await peer.read()).text == "closing"


@on_both_loops
async def test_a_peer_that_never_read_is_reset_and_gets_only_what_it_held():
    async with open_socket(small_buffer=True) as (_, socket, peer):
        sending = await socket.fill(KILOBYTE)
        assert socket.transport.buffered() > 0
        socket.set_gate(Passage.SHUT)
        socket.transport.abort()
        await socket.closed()
        with pytest.raises(ClientDisconnected):
            await sending
        remains = await peer.read_to_end()
        assert remains.was_reset
        assert len(remains.data) < FEW_KILOBYTES


@on_both_loops
async def test_a_peer_that_does_not_read_makes_its_sender_wait_within_small_buffers():
    async with open_socket(small_buffer=True) as (_, socket, peer):
        sending = await socket.fill(KILOBYTE)
        assert socket.transport.buffered() <= len(KILOBYTE) + 16
        assert socket.transport.unsent() <= 2 * SEND_BUFFER_BYTES
        await peer.read_response()
        while not sending.done():
            assert (await peer.read()).text == KILOBYTE


@on_both_loops
async def test_what_the_kernel_holds_back_counts_as_unsent():
    async with open_socket(small_buffer=True) as (_, socket, peer):
        assert socket.transport.unsent() == 0
        while socket.transport.unsent() == 0:
            await socket.send(KILOBYTE)
        assert socket.transport.buffered() == 0
        await peer.read_response()


@on_both_loops
async def test_a_frame_that_waited_on_flow_control_while_the_gate_shut_is_never_written():
    async with open_socket(small_buffer=True) as (_, socket, peer):
        last = asyncio.ensure_future(socket.fill(KILOBYTE))
        filling = await last
        behind = asyncio.ensure_future(socket.send("too late"))
        await asyncio.sleep(0)
        socket.set_gate(Passage.SHUT)  # and nobody is told: it is the write that asks
        await peer.read_response()
        received: list[str] = []
        while not (filling.done() and behind.done()):
            received.append((await peer.read()).text)
        for sending in (filling, behind):
            with pytest.raises(GateShut):
                await sending
        socket.transport.write_now("closing")
        while received[-1] != "closing":
            received.append((await peer.read()).text)
        assert set(received[:-1]) == {KILOBYTE}


@on_both_loops
async def test_senders_that_wait_are_told_at_once_when_the_gate_shuts():
    async with open_socket(small_buffer=True) as (_, socket, _peer):
        sending = await socket.fill(KILOBYTE)
        behind = asyncio.ensure_future(socket.send("behind"))
        await asyncio.sleep(0)
        socket.set_gate(Passage.SHUT)
        socket.transport.gate_changed()
        for waiting in (sending, behind):
            with pytest.raises(GateShut):
                await asyncio.wait_for(waiting, 1)


@on_both_loops
async def test_frames_held_at_the_gate_go_out_later_in_order_neither_lost_nor_doubled():
    """P9."""
    async with open_socket(gate=Passage.WAIT) as (_, socket, peer):
        await peer.read_response()
        sending = [asyncio.ensure_future(socket.send(str(number))) for number in range(20)]
        await asyncio.sleep(0)
        socket.transport.gate_changed()  # told, but still to wait
        await asyncio.sleep(0)
        assert not any(each.done() for each in sending)
        sending[7].cancel()
        socket.set_gate(Passage.PASS)
        socket.transport.gate_changed()
        await socket.send("20")  # in the very turn in which the gate opened: it may not overtake
        await asyncio.gather(*sending, return_exceptions=True)
        received = [int((await peer.read()).text) for _ in range(20)]
        assert received == [number for number in range(21) if number != 7]
        await socket.send("end")
        assert (await peer.read()).text == "end"


@on_both_loops
async def test_a_sender_held_at_the_gate_ends_when_the_peer_goes():
    async with open_socket(gate=Passage.WAIT) as (_, socket, peer):
        sending = asyncio.ensure_future(socket.send("held"))
        await asyncio.sleep(0)
        peer.hang_up()
        with pytest.raises(ClientDisconnected):
            await asyncio.wait_for(sending, 5)


@on_both_loops
async def test_aborting_twice_resets_once_and_the_application_is_told():
    async with open_socket() as (_, socket, peer):
        await peer.read_response()
        socket.transport.abort()
        socket.transport.abort()
        assert (await socket.receive())["type"] == "websocket.disconnect"
        await socket.closed()
        socket.transport.abort()
        assert socket.transport.is_aborted
        assert socket.transport.connection_lost_at is not None
        assert (await peer.read_to_end()).was_reset
        with pytest.raises(ClientDisconnected):
            await socket.send("after")
        assert not socket.transport.write_now("after")
        assert not socket.transport.write_close_now(4001)
        assert not socket.transport.ping()
        assert socket.transport.unsent() == 0


@on_both_loops
async def test_an_abort_before_the_handshake_is_over_ends_the_application_at_its_accept():
    async with serving() as server, connected_peer(server) as peer:
        socket = await server.socket()
        assert not socket.transport.write_close_now(4001)
        assert (await socket.receive())["type"] == "websocket.connect"
        socket.transport.abort()
        with pytest.raises(ClientDisconnected):
            await socket.say({"type": "websocket.accept"})
        assert (await peer.read_to_end()).was_reset
        socket.leave()


@on_both_loops
async def test_messages_that_were_queued_or_half_received_are_never_delivered_once_dropped():
    async with open_socket() as (_, socket, peer):
        await peer.read_response()
        heard = socket.transport.last_heard_at
        await peer.send_bytes(frame_bytes(TEXT, b"queued") + frame_bytes(TEXT, b"half ", fin=False))
        await eventually(lambda: socket.transport.last_heard_at > heard)
        socket.transport.drop_inbound()
        await peer.send(CONT, b"a message")
        await peer.send(TEXT, b"later")
        await peer.send(TEXT, b"\xff not UTF-8")
        await peer.send_close(1000)
        assert await socket.receive() == {"type": "websocket.disconnect", "code": 1000, "reason": ""}


@on_both_loops
async def test_a_node_that_holds_reads_nothing_until_it_goes_on():
    async with open_socket() as (_, socket, peer):
        await peer.read_response()
        await peer.send(TEXT, b"before")
        assert (await socket.receive())["text"] == "before"
        await peer.send(TEXT, b"queued")
        await eventually(lambda: not socket.transport.is_reading)
        socket.transport.pause_reading()
        heard = socket.transport.last_heard_at
        await peer.send(TEXT, b"held")
        assert (await socket.receive())["text"] == "queued"  # uvicorn would go on reading from here on
        receiving = asyncio.ensure_future(socket.receive())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(receiving), 0.05)
        assert socket.transport.last_heard_at == heard
        socket.transport.resume_reading()
        assert (await receiving)["text"] == "held"


@on_both_loops
async def test_a_pong_shows_that_the_peer_lives():
    async with open_socket() as (_, socket, peer):
        await peer.read_response()
        heard = socket.transport.last_heard_at
        assert socket.transport.ping(b"alive?")
        ping = await peer.read()
        assert (ping.opcode, ping.payload) == (PING, b"alive?")
        assert socket.transport.last_heard_at == heard
        await peer.send(PONG, ping.payload)
        await eventually(lambda: socket.transport.last_heard_at > heard)


@on_both_loops
async def test_neither_pings_nor_pongs_pile_up_for_a_peer_that_does_not_read():
    async with open_socket(small_buffer=True) as (_, socket, peer):
        sending = await socket.fill(KILOBYTE)
        buffered = socket.transport.buffered()
        assert not socket.transport.ping()
        heard = socket.transport.last_heard_at
        await peer.send_bytes(frame_bytes(PING, b"p" * 100) * 100)
        await eventually(lambda: socket.transport.last_heard_at > heard)
        assert socket.transport.buffered() == buffered
        socket.transport.abort()
        with pytest.raises(ClientDisconnected):
            await sending
