"""A simulated node's second reads, as `app.realtime.rechecks` makes them: after a recheck, at a deadline, and all in turn."""

from typing import TYPE_CHECKING

from app.sockets import admission
from app.sockets.admission import Reading
from app.sockets.entry import Entry
from app.sockets.registry import Via
from tests.simulation.rules import RULES
from tests.simulation.sockets import Socket
from tests.simulation.ticks import READ_TIMEOUT, SECOND, seconds

if TYPE_CHECKING:
    from tests.simulation.node import SimulatedNode

__all__ = ["Rechecking"]

RETRY = 13
TICK = 3


class Rechecking:
    """One read of what is owed at a time; the slow walk beside it."""

    def __init__(self, node: "SimulatedNode") -> None:
        self._node = node
        self._reads = 0
        self._under_way = 0
        self._is_reading = False
        self._is_wanted = False
        self._watched = -1

    def wake(self) -> None:
        """What is owed is read now, or after the read that is under way."""
        if self._is_reading:
            self._is_wanted = True
            return
        owing = self._node.registry.owing()
        if owing:
            self._is_reading = True
            self._read(owing, Via.RECHECK)

    def walk(self) -> None:
        """The slow timer: everybody is read, without being muted for it (R7)."""
        node = self._node
        entries = tuple(entry for entry in node.registry if entry.is_admitted and entry.closing is None)
        if entries and node.currency.is_current(node.clock()):
            node.world.note("the walk reads", "node", node.number)
            self._read(entries, Via.RECONCILIATION)

    def watch_deadlines(self) -> None:
        """Somebody has been armed: the timer rings a little late, as timers do."""
        node = self._node
        next_at = node.deadlines.next_at
        if next_at == float("inf"):
            return
        tick = round(next_at * SECOND) - node.offset
        if tick != self._watched:
            self._watched = tick
            late = 0 if node.world.is_quiet else node.world.choices.below(TICK)
            node.later(max(0, tick - node.world.now) + late, self._deadline)

    # Private --------------------------------------------------------------------------------------------------

    def _deadline(self) -> None:
        node = self._node
        self._watched = -1
        due = node.deadlines.due(node.clock())
        if due:
            node.world.note("a deadline came", "node", node.number)
            node.registry.owe_read(due)
            self.wake()
        node.deadlines.forget_stale(len(node.registry))
        self.watch_deadlines()

    def _read(self, entries: tuple[Entry, ...], via: Via) -> None:
        node = self._node
        world = node.world
        sent_at, epoch = node.clock(), node.currency.epoch
        self._reads += 1

        def answer() -> list[Reading]:
            snapshot = world.database.snapshot()
            return [
                Reading(
                    sent_at=sent_at,
                    epoch=epoch,
                    snapshot=snapshot,
                    record=world.database.read(_socket(entry).life.number, snapshot, now=world.now),
                )
                for entry in entries
            ]

        node.ask(answer, self._judge, self._reads, entries, via)
        if via is Via.RECHECK:
            node.later(READ_TIMEOUT, self._timed_out, self._reads)
            self._under_way = self._reads

    def _judge(self, read: int, entries: tuple[Entry, ...], via: Via, readings: list[Reading]) -> None:
        node = self._node
        if via is Via.RECHECK and (not self._is_reading or read != self._under_way):
            return
        count = 0
        for entry, reading in zip(entries, readings, strict=True):
            counted = admission.judge_recheck(
                entry,
                reading,
                registry=node.registry,
                currency=node.currency,
                deadlines=node.deadlines,
                via=via,
            )
            count += counted
            if counted and RULES.arms_by_wall_clock:
                entry.deadline += seconds(node.skew)
        if count < len(entries):
            node.world.note("a read did not count", "node", node.number)
        if via is Via.RECHECK:
            self._over(is_unfinished=count < len(entries))
        elif count < len(entries):
            self.wake()
        self.watch_deadlines()

    def _timed_out(self, read: int) -> None:
        if self._is_reading and read == self._under_way:
            self._over(is_unfinished=True)

    def _over(self, *, is_unfinished: bool) -> None:
        self._is_reading = False
        if is_unfinished:
            self._node.later(RETRY, self.wake)
        elif self._is_wanted:
            self.wake()
        self._is_wanted = False


def _socket(entry: Entry) -> Socket:
    socket: Socket = entry.handle
    return socket
