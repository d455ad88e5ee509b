"""A node: the shipped cores, driven step by step as the shells in `app.realtime` drive them."""

from collections.abc import Callable, Sequence
from typing import Any

from app.domain.closing import Closing, Reason, closing_for_reason
from app.domain.targets import Cause, Closure
from app.fanout.close_now import close_now
from app.sockets import gate
from app.sockets.currency import Currency
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from app.sockets.gate import Passage
from app.sockets.registry import Registry, Via
from tests.simulation.openings import Openings
from tests.simulation.rechecking import Rechecking
from tests.simulation.rules import RULES
from tests.simulation.sockets import Socket, check_told
from tests.simulation.tailing import Tailing
from tests.simulation.ticks import LEASE, SECOND, seconds
from tests.simulation.truth import Life
from tests.simulation.world import Violated, World

__all__ = ["SimulatedNode"]


class SimulatedNode:
    """`offset` is between its clock and the world's; its wall clock is wrong by `skew`."""

    def __init__(self, world: World, number: int, *, policy: str, offset: int, skew: int) -> None:
        self.world = world
        self.number = number
        self.policy = policy
        self.offset = offset
        self.skew = skew
        self.currency = Currency(lease_s=seconds(LEASE), serves_when_stale=policy == "serve")
        self.registry = Registry(self._on_shut)
        self.deadlines = Deadlines()
        self.speaking: list[Socket] = []
        self.good_sent = -1
        self.frozen_until = 0
        self.cut_until = 0
        self.is_gone = False
        self.replica = world.database.snapshot()
        """Read instead of the primary by a mutant: as far as it had come when a socket last opened here."""

        self.hold_limit = world.choices.one_of((30, 2, 5)) * SECOND
        self.tail = Tailing(self)
        self.openings = Openings(self)
        self.rechecks = Rechecking(self)

    # Time and faults ------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """The node's suspend-proof clock."""
        return seconds(self.world.now + self.offset)

    def later(self, delay: int, event: Callable[..., None], *arguments: Any) -> None:
        """It happens on this node, unless it is gone by then; while it is frozen, nothing does."""
        self.world.at(delay, self._happens, event, arguments)

    def is_cut(self) -> bool:
        """Whether nothing passes between it and the database."""
        return self.cut_until > self.world.now

    def ask(self, answer: Callable[[], Any], on_answer: Callable[..., None], *arguments: Any) -> None:
        """`answer` is worked out at the server and arrives some time later; or the one or the other is lost, as None is."""
        self.world.at(self.world.latency(), self._is_asked, answer, on_answer, arguments)

    def crash(self) -> None:
        """Everything that it held is gone."""
        self.is_gone = True
        self.world.nodes.remove(self)
        self.world.at(LEASE + SECOND, self._is_forgotten)

    # Sockets ----------------------------------------------------------------------------------------------------

    def takes_sockets(self) -> bool:
        """As `Holder.takes_sockets`."""
        if not RULES.waits_for_baseline:
            return True
        if not self.currency.is_current(self.clock()):
            return False
        return self.number in self.world.node_rows or not RULES.waits_for_its_row

    def hear(self, closures: Sequence[Closure]) -> None:
        """A close request off the bus: closed at once, and the log is read soon."""
        here = [each for each in closures if self.registry.concerned(each.target.kind, (each.target.key,))]
        if self.currency.system_identifier is not None and close_now(here, self.registry).failures:
            raise Violated("P7", self.world.now, "a closure could not be applied")
        self.tail.ring()

    def close_if_stale(self) -> None:
        """As `Holder.close_if_stale`."""
        patience = 0 if self.policy == "close" else self.hold_limit
        is_over = self.clock() - self.currency.lease_ends_at >= seconds(patience)
        if (
            self.policy != "serve"
            and self.currency.has_baseline
            and is_over
            and not self.currency.is_current(self.clock())
        ):
            self.registry.shut(self.registry, _not_current, via=Via.NODE)

    def probe(self, now: int) -> None:
        """No frame passes that must not (P1, P7, P11, P12)."""
        clock = (now + self.offset) / SECOND
        is_late = now - self.good_sent > LEASE
        for socket in self.speaking:
            passes = gate.passage(socket.entry, self.currency, clock) is Passage.PASS
            if not RULES.has_gate:
                passes = not socket.is_shut
            if passes and (is_late or socket.is_shut or now >= socket.life.dead_from):
                self._passes(socket, now)

    def report(self) -> None:
        """Its row: how far the log is applied, with every recheck answered. Stored by another connection, or lost."""
        settled = self.currency.settled(owed_since=self.registry.owed_since)
        row = (None, None) if settled is None else (settled.timeline, settled.snapshot)
        self.ask(lambda: self._stored(row), lambda _: None)
        self.later(SECOND, self.report)

    # Private ----------------------------------------------------------------------------------------------------

    def _is_forgotten(self) -> None:
        self.world.node_rows.pop(self.number, None)

    def _happens(self, event: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        if self.is_gone:
            return
        if self.frozen_until > self.world.now:
            self.world.at(self.frozen_until - self.world.now, self._happens, event, arguments)
            return
        event(*arguments)

    def _is_asked(
        self, answer: Callable[[], Any], on_answer: Callable[..., None], arguments: tuple[Any, ...]
    ) -> None:
        if self.is_cut() or self.world.is_lost():
            return
        result = answer()
        if result is not None:
            self.later(self.world.latency(), self._is_answered, result, on_answer, arguments)

    def _is_answered(self, result: Any, on_answer: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        if not self.is_cut():
            on_answer(*arguments, result)

    def _stored(self, row: tuple[int | None, Any]) -> None:
        if self.is_gone or (row[1] is None and RULES.waits_for_its_row):
            return
        world = self.world
        if row[1] is not None:
            world.node_rows[self.number] = (row[0] or 0, row[1])
        for life in world.truth.lives.values():
            if life.ended_by is not None and not life.is_confirmed and self._is_seen_by_all(life.ended_by):
                self._confirm(life)

    def _is_seen_by_all(self, xid: Any) -> bool:
        timeline = self.world.database.timeline
        rows = self.world.node_rows.values()
        return bool(rows) and all(at == timeline and snapshot.sees(xid) for at, snapshot in rows)

    def _confirm(self, life: Life) -> None:
        life.is_confirmed = True
        self.world.note("a receipt is confirmed", "node", self.number)
        for node in self.world.nodes:
            for socket in node.speaking:
                if socket.life is life and not socket.is_shut and node.number in self.world.node_rows:
                    raise Violated("P12", self.world.now, "confirmed, and a socket is not closed yet")

    def _passes(self, socket: Socket, now: int) -> None:
        life = socket.life
        if socket.is_shut and RULES.has_gate:
            raise Violated("P7", now, "a frame passed a gate that had been shut")
        is_excused = self.policy == "serve" and now - self.good_sent > LEASE
        if now >= life.dead_from and not is_excused:
            self.world.worst = max(self.world.worst, now - life.dead_from)
            if now > life.silent_after:
                late = now - life.silent_after
                raise Violated("P1", now, f"a frame on a dead credential, {late / 64:.3f} s too late")
            if life.is_confirmed:
                raise Violated("P12", now, "a frame after the receipt was confirmed")
        if now - self.good_sent > LEASE and self.policy != "serve":
            raise Violated("P11", now, "a frame without a poll within the lease")

    def _on_shut(self, entries: Sequence[Entry], _cause: Cause | None, _via: Via) -> None:
        for entry in entries:
            socket: Socket = entry.handle
            if socket.is_shut:
                raise Violated("P7", self.world.now, "one socket was shut twice")
            socket.is_shut = True
            self.later(self.world.latency() % 8, self._begin_to_close, socket)

    def _begin_to_close(self, socket: Socket) -> None:
        entry, now = socket.entry, self.world.now
        entry.has_begun_to_close = True
        assert entry.closing is not None
        self.world.note(
            f"a socket is told {entry.closing.code.value}",
            "node",
            self.number,
            "credential",
            socket.life.number,
        )
        check_told(socket, entry.closing.code, self.world)
        self.later(self.world.latency(), self._forget, socket)
        if now < self.world.closing_time:
            self.later(self.world.latency(), self.openings.open, socket.life)

    def _forget(self, socket: Socket) -> None:
        self.registry.detach(socket.entry)
        if socket in self.speaking:
            self.speaking.remove(socket)


def _not_current(entry: Entry) -> Closing:
    return closing_for_reason(Reason.NODE_NOT_CURRENT, entry.credential_type)
