"""A simulated node's openings: attach, read, judge, as `app.realtime.gateway` and its verifier do."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from app.sockets import admission
from app.sockets.admission import Admitted, NotCurrent, Reading, Refused, VerifyAgain
from tests.simulation.rows import Credential
from tests.simulation.rules import RULES
from tests.simulation.sockets import Socket, check_told
from tests.simulation.ticks import NEVER, READ_TIMEOUT, SECOND, seconds
from tests.simulation.truth import Life

if TYPE_CHECKING:
    from tests.simulation.node import SimulatedNode

__all__ = ["Openings"]

OPENING_LIMIT = 10 * SECOND
REMEMBER_S = 60.0


class Openings:
    """Attach, verify, admit (R8)."""

    def __init__(self, node: "SimulatedNode") -> None:
        self._node = node

    def open(self, life: Life) -> None:
        """A client comes with that credential."""
        node = self._node
        world = node.world
        if not node.takes_sockets():
            world.note("an opening was answered 503", "node", node.number)
            return
        world.sockets += 1
        row = cast("Credential", world.database.credentials[life.number][-1][1])
        socket = Socket(life, row, world.now)
        if RULES.attaches_before_reading:
            node.registry.attach(socket.entry, now=node.clock())
        self._verify(socket)
        node.later(OPENING_LIMIT, self._gives_up, socket)

    # Private --------------------------------------------------------------------------------------------------

    def _verify(self, socket: Socket) -> None:
        node = self._node
        world = node.world
        sent_at, epoch, number = node.clock(), node.currency.epoch, socket.life.number
        socket.reading_since = sent_at
        behind = None if RULES.reads_the_primary else node.replica
        node.replica = world.database.snapshot()

        def answer() -> Reading:
            snapshot = behind or world.database.snapshot()
            record = world.database.read(number, snapshot, now=world.now)
            return Reading(sent_at=sent_at, epoch=epoch, snapshot=snapshot, record=record)

        node.ask(answer, self._judge, socket)
        node.later(READ_TIMEOUT, self._read_timed_out, socket, sent_at)

    def _read_timed_out(self, socket: Socket, sent_at: float) -> None:
        if socket.reading_since == sent_at:
            self._gives_up(socket)

    def _gives_up(self, socket: Socket) -> None:
        if not socket.entry.is_admitted:
            self._node.registry.detach(socket.entry)

    def _judge(self, socket: Socket, reading: Reading) -> None:
        node, entry = self._node, socket.entry
        world, registry = node.world, node.registry
        if not RULES.attaches_before_reading:
            registry.attach(entry, now=node.clock())
        if not entry.is_attached:
            return
        if not RULES.takes_time_before_sending:
            reading = replace(reading, sent_at=node.clock())
        verdict = admission.judge_opening(
            entry,
            reading,
            registry=registry,
            currency=node.currency,
            deadlines=node.deadlines,
            now=node.clock(),
            remember_s=REMEMBER_S,
        )
        match verdict:
            case Admitted():
                world.note(
                    "a socket was admitted",
                    "node",
                    node.number,
                    "credential",
                    socket.life.number,
                    entry.snapshot,
                )
                if RULES.arms_by_wall_clock and entry.deadline < NEVER:
                    entry.deadline += seconds(node.skew)
                node.speaking.append(socket)
                node.rechecks.watch_deadlines()
            case Refused(closing):
                world.note(f"an opening was refused {closing.code.value}", "node", node.number)
                check_told(socket, closing.code, world)
            case VerifyAgain():
                world.note("an opening was read once more", "node", node.number)
                self._verify(socket)
            case NotCurrent():
                world.note("an opening was given up", "node", node.number)
