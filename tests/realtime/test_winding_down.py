"""Between a farewell and what follows it: whoever answers, leaves or goes on meanwhile, and what the application hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from app.realtime.farewell import farewell
from app.realtime.sending import GateShut
from app.realtime.uvicorn_protocol import CutoffProtocol
from app.sockets.gate import Passage
from tests.realtime.conditions import eventually
from tests.realtime.raw_peer import CLOSE, TEXT, RawPeer, connected_peer
from tests.realtime.served import Socket, on_both_loops, serving

SHORT_GRACE_S = 0.1
NEVER_S = 60.0
AT_ONCE_S = 2.0
OURS = {"type": "websocket.disconnect", "code": 4001, "reason": "revoked"}


@asynccontextmanager
async def told(*, grace_s: float = NEVER_S, is_tls: bool = False) -> AsyncIterator[tuple[Socket, RawPeer]]:
    """The peer has read its close frame, and the connection is yet to be wound down."""
    async with serving() as server, connected_peer(server) as peer:
        socket = await server.socket()
        (protocol,) = cast("set[CutoffProtocol]", server.uvicorn.server_state.connections)
        if is_tls:
            protocol.scheme = "wss"
        socket.transport.grace_s = grace_s
        await socket.accept()
        await peer.read_response()
        socket.transport.say_farewell(farewell(4001, "revoked", None))
        close = await peer.read()
        assert (close.opcode, close.code) == (CLOSE, 4001)
        yield socket, peer
        socket.leave()


async def heard(socket: Socket) -> bool:
    """Whether the application hears anything, though nothing new comes."""
    try:
        await asyncio.wait_for(socket.receive(), SHORT_GRACE_S)
    except TimeoutError:
        return False
    return True


@on_both_loops
async def test_after_a_farewell_nothing_goes_out_and_the_application_hears_of_it_when_it_is_wound_down():
    async with told() as (socket, peer):
        socket.set_gate(Passage.PASS)
        with pytest.raises(GateShut):
            await socket.send("late")
        await peer.send(TEXT, b"late")
        assert not await heard(socket)
        socket.transport.wind_down()
        assert await socket.receive() == OURS
        socket.transport.wind_down()
        assert not await heard(socket)


@on_both_loops
async def test_a_peer_that_answers_is_kept_until_the_connection_is_wound_down():
    async with told() as (socket, peer):
        await peer.send_close(4001)
        await eventually(lambda: socket.transport.peer_answered_close)
        assert not await heard(socket)
        assert not socket.transport.closed.is_set()
        socket.transport.wind_down()
        await socket.closed()
        assert await socket.receive() == OURS
        remains = await peer.read_to_end()
        assert (remains.data, remains.was_reset) == (b"", False)
        assert not socket.transport.is_aborted


@on_both_loops
async def test_a_peer_that_leaves_is_kept_until_the_connection_is_wound_down():
    async with told() as (socket, peer):
        peer.half_close()
        assert not await heard(socket)
        assert not socket.transport.closed.is_set()
        socket.transport.wind_down()
        await socket.closed()
        assert await socket.receive() == OURS
        assert not (await peer.read_to_end()).was_reset
        assert not socket.transport.peer_answered_close


@on_both_loops
async def test_under_tls_a_peer_that_leaves_is_let_go_at_once():
    async with told(is_tls=True) as (socket, peer):
        peer.half_close()
        await socket.closed()
        assert await socket.receive() == OURS


@on_both_loops
async def test_a_peer_that_resets_is_gone_at_once_and_the_application_hears_our_code():
    async with told() as (socket, peer):
        peer.reset()
        await socket.closed()
        assert await socket.receive() == OURS
        socket.transport.wind_down()
        assert (await socket.receive())["code"] == 1005


@on_both_loops
async def test_the_grace_counts_from_the_farewell_on():
    async with told(grace_s=SHORT_GRACE_S) as (socket, peer):
        assert not await heard(socket)  # for as long as the grace
        socket.transport.grace_s = NEVER_S
        socket.transport.wind_down()
        await asyncio.wait_for(socket.transport.closed.wait(), AT_ONCE_S)
        assert socket.transport.is_aborted
        assert (await peer.read_to_end()).was_reset


@on_both_loops
async def test_whoever_has_answered_is_not_reset_though_the_grace_is_over():
    async with told(grace_s=SHORT_GRACE_S) as (socket, peer):
        await peer.send_close(4001)
        assert not await heard(socket)
        socket.transport.wind_down()
        await socket.closed()
        assert not socket.transport.is_aborted
        assert not (await peer.read_to_end()).was_reset


@on_both_loops
async def test_without_a_farewell_there_is_nothing_to_wind_down():
    async with serving() as server, connected_peer(server) as peer:
        socket = await server.socket()
        await socket.accept()
        await peer.read_response()
        socket.transport.wind_down()
        await socket.send("still here")
        assert (await peer.read()).text == "still here"
        assert not await heard(socket)
        socket.leave()
