"""Peers without manners, and many at once."""

import asyncio
import contextlib
import select

from app.clock import boot_seconds
from tests.faults.bounds import BY_TAIL_S, GAP_S, GONE_S, GRACE_S
from tests.faults.fault import Measured, fault
from tests.faults.world import World
from tests.realtime.raw_peer import CLOSE, TEXT, RawPeer, connected_peer, frame_bytes

REQUEST = b'{"type":"echo","id":1,"payload":"%s"}' % (b"x" * 8192)
MANY = 300
HUNG = 20


async def _until_reset(peer: RawPeer, within_s: float) -> float:
    """The instant at which TCP was gone, without reading anything."""
    poll, gives_up_at = select.poll(), boot_seconds() + within_s
    poll.register(peer._sock, select.POLLERR)
    while not poll.poll(0):
        assert boot_seconds() < gives_up_at, "the connection is still there"
        await asyncio.sleep(0.005)
    return boot_seconds()


async def _send_without_end(peer: RawPeer) -> OSError:
    """Until it cannot; how it ended."""
    data = frame_bytes(TEXT, REQUEST)
    loop = asyncio.get_running_loop()
    while True:
        try:
            await loop.sock_sendall(peer._sock, data)
        except OSError as error:
            return error
        await asyncio.sleep(0)


@fault("a peer that never reads", bound_s=BY_TAIL_S + GRACE_S)
async def never_reads(world: World) -> Measured:
    bound_s = BY_TAIL_S + GRACE_S
    async with (
        world.cast() as cast,
        connected_peer(world.nodes[0], small_buffer=True, token=cast.session.token) as peer,
    ):
        sending = asyncio.create_task(_send_without_end(peer))
        await asyncio.sleep(0.5)
        await cast.end_by_sql()
        gone_at = await _until_reset(peer, bound_s + 2)
        cast.note(worst_s=gone_at - cast.ended_at)
        end = await sending
        cast.check(isinstance(end, ConnectionResetError), f"no reset: {end!r}")
        await cast.watch(bound_s)
        cast.check_no_gap(GAP_S)
        return await cast.measured(bound_s)


@fault("a peer that never answers the close, counted from the close frame", bound_s=GONE_S)
async def never_answers(world: World) -> Measured:
    async with world.cast() as cast, connected_peer(world.nodes[0], token=cast.session.token) as peer:
        await peer.read_response()
        await cast.end_by_sql()
        while (await peer.read()).opcode != CLOSE:
            """Its `ready`, and the closing message."""
        told_at = boot_seconds()
        remains = await peer.read_to_end()
        cast.note(worst_s=boot_seconds() - told_at)
        cast.check(not remains.data, "something came after the close frame")
        await cast.watch(BY_TAIL_S)
        cast.ended_at = max(cast.ended_at, told_at)
        return await cast.measured(GONE_S)


@fault("a peer that floods", bound_s=BY_TAIL_S)
async def floods(world: World) -> Measured:
    async with world.cast() as cast, connected_peer(world.nodes[0], token=cast.session.token) as peer:
        await peer.read_response()
        sending = asyncio.create_task(_send_without_end(peer))
        await cast.end_by_sql()
        last_echo_at = cast.ended_at
        with contextlib.suppress(EOFError, OSError):
            while (frame := await peer.read()).opcode != CLOSE:
                if b'"echo"' in frame.payload[:20]:
                    last_echo_at = boot_seconds()
        cast.note(worst_s=last_echo_at - cast.ended_at)
        sending.cancel()
        await cast.watch(BY_TAIL_S)
        cast.check_no_gap(GAP_S)
        return await cast.measured(BY_TAIL_S)


@fault(f"mass close: {2 * MANY} sockets, {HUNG} of them hung", bound_s=BY_TAIL_S)
async def mass_close(world: World) -> Measured:
    async with world.cast() as cast, contextlib.AsyncExitStack() as hung:
        await cast.add_victims(cast.session.token, per_node=MANY, every_s=2.0)
        peers = [
            await hung.enter_async_context(
                connected_peer(world.nodes[0], small_buffer=True, token=cast.session.token)
            )
            for _ in range(HUNG)
        ]
        sending = [asyncio.create_task(_send_without_end(peer)) for peer in peers]
        await asyncio.sleep(0.5)
        await cast.check_all_speak()
        for each in cast.bystanders:
            each.forget_gaps()
        await cast.end_by_sql()
        await cast.watch(BY_TAIL_S)
        for peer in peers:
            await _until_reset(peer, BY_TAIL_S + GRACE_S)
        for task in sending:
            task.cancel()
        cast.check_no_gap(GAP_S)
        return await cast.measured(BY_TAIL_S)
