"""When faults are over, everything comes right (P3, P4), and nothing is left behind (P15)."""

from math import inf

from app.domain.closing import Reason, closing_for_reason
from app.sockets import gate
from app.sockets.gate import Passage
from app.sockets.registry import Via
from tests.simulation.node import SimulatedNode
from tests.simulation.ticks import INTERVAL, LEASE
from tests.simulation.world import Violated, World

__all__ = ["check_quiet"]

SETTLING = 4 * INTERVAL
"""The statements that were lost before the quiet time out, and are repeated."""


def check_quiet(world: World) -> None:
    """Raises: Violated."""
    world.is_quiet = True
    for node in world.nodes:
        node.cut_until = 0
    world.run(world.now + LEASE + SETTLING)
    for node in world.nodes:
        for life in world.truth.lives.values():
            node.openings.open(life)
    world.run(world.now + 2 * INTERVAL)
    for node in world.nodes:
        _check_sockets(world, node)
        _check_log(world, node)
    for life in world.truth.lives.values():
        if life.ended_by is not None and not life.is_confirmed and world.nodes:
            raise Violated("P3", world.now, "a receipt was never confirmed")
    for node in world.nodes:
        _check_nothing_is_left(world, node)


def _check_sockets(world: World, node: SimulatedNode) -> None:
    if not node.currency.is_current(node.clock()):
        raise Violated("P3", world.now, "a node has not become current again")
    for socket in node.speaking:
        if socket.is_shut:
            continue
        if not socket.life.is_alive(world.now):
            raise Violated("P3", world.now, "a socket is open on a dead credential")
        is_at_its_deadline = 0 <= node.clock() - socket.entry.deadline < 1
        is_mute = gate.passage(socket.entry, node.currency, node.clock()) is not Passage.PASS
        if is_mute and not is_at_its_deadline:
            raise Violated("P3", world.now, "a socket stays mute though its credential is valid")
    spoken_for = {socket.life for socket in node.speaking if not socket.is_shut}
    for life in world.truth.lives.values():
        if life.is_alive(world.now) and life not in spoken_for:
            raise Violated("P3", world.now, "a valid credential cannot open a socket")
    owing = [entry for entry in node.registry.owing() if entry.is_mute]
    if node.registry.pending_count or owing:
        raise Violated("P3", world.now, "something is still owed")


def _check_log(world: World, node: SimulatedNode) -> None:
    tail = node.tail
    for row in world.database.log:
        times = tail.applied[row.seq]
        if times != 1 and row.seq > tail.skipped_to:
            raise Violated("P4", world.now, f"closure {row.seq} was applied {times} times")


def _check_nothing_is_left(world: World, node: SimulatedNode) -> None:
    registry = node.registry
    closing = {
        entry: closing_for_reason(Reason.NODE_SHUTTING_DOWN, entry.credential_type) for entry in registry
    }
    registry.shut(registry, closing.__getitem__, via=Via.NODE)
    for entry in registry:
        registry.detach(entry)
    node.deadlines.due(inf)
    left = (len(registry), registry.index_size, registry.pending_count, len(registry.recent))
    if any(left) or registry.owing() or len(node.deadlines):
        raise Violated("P15", world.now, f"left behind: {left}")
