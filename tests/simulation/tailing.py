"""A simulated node's tail: step for step what `app.realtime.tail` does, with whatever may come between two steps."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.radius import in_order
from app.domain.snapshot import Snapshot
from app.domain.targets import Closure
from app.sockets import admission
from app.sockets.admission import Reading
from app.sockets.currency import Next, PollTicket, Position
from app.sockets.entry import Entry
from app.sockets.registry import Via
from tests.simulation.database import Answer, Database, LogRow
from tests.simulation.reconciling import Attempt
from tests.simulation.rules import RULES
from tests.simulation.sockets import Socket
from tests.simulation.ticks import INTERVAL, POLL_TIMEOUT, SECOND, instant

if TYPE_CHECKING:
    from tests.simulation.node import SimulatedNode

__all__ = ["Tailing"]

Then = Callable[[PollTicket, Position], None]

RETRY = 6
SPACING = 2
RECONCILE_TIMEOUT = 5 * SECOND


class Tailing:
    """One poll after the other, each as soon as it is due or rung for."""

    def __init__(self, node: "SimulatedNode") -> None:
        self.applied: Counter[int] = Counter()
        """By sequence number of the log: how often this node has applied it."""

        self.skipped_to = 0
        """What was written before the baseline or a reconciliation need not be applied."""

        self._node = node
        self._ticket: PollTicket | None = None
        self._is_answered = False
        self._is_rung = False
        self._turn = 0
        self._sent: dict[int, int] = {}
        self._last_seq = 0

    def ring(self) -> None:
        """A poll begins after this, and soon."""
        if self._ticket is None or RULES.overlaps_polls:
            self._next_in(SPACING)
        else:
            self._is_rung = True

    def poll(self, turn: int) -> None:
        """The clock is read, then the poll is sent (R1); one at a time (R3)."""
        if turn != self._turn:
            return
        node = self._node
        node.close_if_stale()
        ticket = node.currency.begin_poll(node.clock())
        if ticket is None:
            return
        self._ticket, self._is_answered, self._is_rung = ticket, False, False
        self._sent[ticket.number] = node.world.now
        database = node.world.database
        node.ask(lambda: self._rows(database, ticket), self._answered, ticket)
        node.later(POLL_TIMEOUT, self._timed_out, ticket)
        if RULES.overlaps_polls:
            self._next_in(INTERVAL)

    # Private --------------------------------------------------------------------------------------------------

    def _rows(self, database: Database, ticket: PollTicket) -> Answer:
        answer = database.poll(ticket.last)
        if RULES.polls_by_snapshot or ticket.last is None:
            self._last_seq = max([self._last_seq, *(row.seq for row in database.log)])
            return answer
        seen = tuple(row for row in database.log if row.seq > self._last_seq)
        self._last_seq = max([self._last_seq, *(row.seq for row in seen)])
        return Answer(answer.position, seen)

    def _timed_out(self, ticket: PollTicket) -> None:
        if ticket is self._ticket and not self._is_answered:
            self._failed(ticket)

    def _failed(self, ticket: PollTicket) -> None:
        node = self._node
        node.world.note("a poll failed", "node", node.number)
        node.currency.poll_failed(ticket)
        if ticket is self._ticket:
            self._ticket = None
            self._next_in(RETRY)

    def _answered(self, ticket: PollTicket, answer: Answer) -> None:
        node = self._node
        position = answer.position
        if node.world.journal is not None and answer.rows:
            node.world.note("rows", "node", node.number, *(_short(row) for row in answer.rows))
        if not RULES.takes_time_before_sending:
            self._sent[ticket.number] = node.world.now
            ticket = self._ticket = node.currency._in_flight = replace(ticket, sent_at=node.clock())
        calls_for = node.currency.receive(ticket, position)
        if ticket is self._ticket:
            self._is_answered = calls_for is not Next.IGNORE
        match calls_for:
            case Next.IGNORE:
                node.world.note("an answer was thrown away", "node", node.number)
                if ticket is self._ticket:
                    self._failed(ticket)
            case Next.BASELINE:
                self.skipped_to = node.world.database._seq
                self._done(ticket, position)
            case Next.APPLY:
                self._apply(ticket, answer, self._done)
            case Next.RECONCILE:
                self.skipped_to = max([self.skipped_to, *(row.seq for row in answer.rows)])
                here = (node.currency.system_identifier, node.currency.timeline)
                if (position.system_identifier, position.timeline) != here:
                    answer = Answer(position, ())
                self._apply(ticket, answer, self._reconcile)

    def _apply(self, ticket: PollTicket, answer: Answer, then: Then) -> None:
        """Every row, at times in slices with something between them; only then what comes next (R2)."""
        for row in answer.rows:
            self.applied[row.seq] += row.seq > self.skipped_to
        closures = in_order(row.closure for row in answer.rows) if RULES.tails else []
        node = self._node
        if not RULES.applies_before_advancing and closures and then == self._done:
            self._done(ticket, answer.position)
            node.later(node.world.latency() + 8, self._apply_part, closures)
            return
        cut = node.world.choices.below(4) if len(closures) > 1 else 0
        self._apply_part(closures[cut:])
        if not cut:
            then(ticket, answer.position)
            return
        node.later(node.world.latency() % 8, self._apply_rest, closures[:cut], ticket, answer, then)

    def _apply_rest(self, closures: list[Closure], ticket: PollTicket, answer: Answer, then: Then) -> None:
        self._apply_part(closures)
        then(ticket, answer.position)

    def _apply_part(self, closures: list[Closure]) -> None:
        node = self._node
        for closure in closures:
            node.registry.apply(closure, via=Via.TAIL, generation=node.currency.generation)

    def _done(self, ticket: PollTicket, position: Position) -> None:
        node = self._node
        node.currency.advance(ticket, position)
        self._good(ticket)

    def _good(self, ticket: PollTicket) -> None:
        node = self._node
        node.good_sent = max(node.good_sent, self._sent[ticket.number])
        self._ticket = None
        if node.registry.owing():
            node.rechecks.wake()
        self._next_in(SPACING if self._is_rung else INTERVAL - node.world.choices.below(12))

    def _next_in(self, delay: int) -> None:
        self._turn += 1
        self._node.later(delay, self.poll, self._turn)

    # Reconciling (R6) ---------------------------------------------------------------------------------------

    def _reconcile(self, ticket: PollTicket, _position: Position) -> None:
        node, database = self._node, self._node.world.database
        node.world.note("a reconciliation begins", "node", node.number)
        entries = [entry for entry in node.registry if entry.is_admitted and entry.closing is None]
        epoch = node.currency.begin_epoch()
        self._sent[ticket.number] = node.world.now
        attempt = Attempt(self, ticket, epoch, node.clock(), entries)
        node.ask(
            lambda: (database.position(database.snapshot()), instant(node.world.now)), attempt.has_snapshot
        )
        node.later(RECONCILE_TIMEOUT, attempt.times_out)

    def reconciled(self, attempt: "Attempt") -> None:
        """Everybody has been judged."""
        node = self._node
        assert attempt.position is not None
        self.skipped_to = node.world.database._seq
        if RULES.mutes_after_reconciling:
            node.registry.mute_before_epoch(attempt.epoch, generation=node.currency.generation)
        node.currency.reconciled(attempt.position, epoch=attempt.epoch, sent_at=attempt.sent_at)
        node.world.note("a reconciliation ends", "node", node.number)
        self._good(attempt.ticket)

    def is_trying(self, attempt: "Attempt") -> bool:
        """Whether the attempt has neither ended nor failed."""
        return self._ticket is attempt.ticket

    def gives_up(self, attempt: "Attempt") -> None:
        """Nothing has moved."""
        self._failed(attempt.ticket)

    def reads_next(self, attempt: "Attempt", entries: list[Entry]) -> None:
        """The next batch is read in the attempt's snapshot."""
        node = self._node
        world, clock = node.world, node.clock()
        assert attempt.position is not None
        snapshot, timeline = attempt.position.snapshot, attempt.position.timeline

        def answer() -> list[Reading] | None:
            if world.database.timeline != timeline:
                return None  # The transaction has died with its server.
            return [_reading(node, entry, snapshot, sent_at=clock, epoch=attempt.epoch) for entry in entries]

        world.note("a reconciliation reads", "node", node.number)
        node.ask(answer, attempt.judges, entries)

    def judges(self, entry: Entry, reading: Reading) -> None:
        """One entry, by the attempt's read."""
        node = self._node
        admission.judge_recheck(
            entry,
            reading,
            registry=node.registry,
            currency=node.currency,
            deadlines=node.deadlines,
            via=Via.RECONCILIATION,
        )
        node.rechecks.watch_deadlines()


def _reading(
    node: "SimulatedNode", entry: Entry, snapshot: Snapshot, *, sent_at: float, epoch: int
) -> Reading:
    socket: Socket = entry.handle
    world = node.world
    record = world.database.read(socket.life.number, snapshot, now=world.now)
    return Reading(sent_at=sent_at, epoch=epoch, snapshot=snapshot, record=record)


def _short(row: LogRow) -> str:
    return (
        f"{row.xid}:{row.closure.action.value} {row.closure.target.kind.value} {row.closure.target.key[-3:]}"
    )
