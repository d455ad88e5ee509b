"""Admission, closure and lease, small enough to try everything: one node, one socket, the shipped cores.

Time passes only when that step is chosen; every stage of a poll or a read is a step of its own. The doorbell is left
out: the promise does not rest on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain.credentials import CredentialType
from app.domain.ids import ConnectionId, TokenHash
from app.sockets import admission, gate
from app.sockets.admission import Reading
from app.sockets.currency import Currency, Next, PollTicket
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from app.sockets.gate import Passage
from app.sockets.registry import Registry, Via
from tests.simulation.choices import Choices
from tests.simulation.database import Answer, Database, Transaction
from tests.simulation.hands import Hands

__all__ = ["LEASE", "Bounds", "Model", "Step"]

Step = tuple[str, Any]
"""The name of a method, and what it is about."""

LEASE = 1
LAST_TICK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much there is of everything. `has_neighbour`: another transaction runs beside the one that ends the session."""

    polls: int = 2
    in_flight: int = 1
    reads: int = 1
    polls_fail: bool = True
    has_neighbour: bool = False


class AtOnce(Choices):
    """Of whatever can be chosen, the last: an end is moved to now."""

    def __init__(self) -> None:
        self.made = []

    def below(self, bound: int) -> int:
        """The last."""
        return bound - 1


class Model:
    """One state. The session ends by `ending`, in a transaction that began before its neighbour, which changes nothing."""

    def __init__(
        self, bounds: Bounds, *, ending: Callable[[Hands, Transaction, int], bool] = Hands.end
    ) -> None:
        self._bounds = bounds
        self._now = 0
        self._ended_at: int | None = None
        self._database = Database()
        self._hands = Hands(self._database, AtOnce())
        self._ending = ending
        self._currency = Currency(lease_s=LEASE)
        self._registry = Registry(_nothing)
        self._deadlines = Deadlines()
        self._polls: dict[int, tuple[PollTicket, Answer | None]] = {}
        self._polled = 0
        self._read: tuple[float, int] | None = None
        self._reading: Reading | None = None
        self._reads = 0
        first = self._database.begin()
        account = self._hands.make_account(first)
        self._session = self._hands.mint(first, account, CredentialType.SESSION) or 0
        self._database.commit(first)
        self._transactions = {"end": self._database.begin()}
        if bounds.has_neighbour:
            self._transactions["neighbour"] = self._database.begin()
        self._entry = Entry(
            connection_id=ConnectionId(UUID(int=1)),
            credential_type=CredentialType.SESSION,
            token_hash=TokenHash(f"{self._session:064x}"),
        )

    def steps(self) -> list[Step]:
        """What can happen next; nothing, where the socket can speak no more."""
        if self._entry.closing is not None or (self._reads and not self._entry.is_attached):
            return []
        able: list[Step] = [("commit", name) for name in self._transactions]
        if self._now < LAST_TICK:
            able.append(("time_passes", None))
        if self._polled < self._bounds.polls and len(self._polls) < self._bounds.in_flight:
            able.append(("send_poll", None))
        for number, (_, answer) in self._polls.items():
            able.append(("execute_poll" if answer is None else "answer_poll", number))
            able += [("poll_fails", number)] if self._bounds.polls_fail else []
        return able + self._socket_steps()

    def take(self, step: Step) -> None:
        """The step has been taken."""
        name, about = step
        getattr(self, name)(about)

    def fingerprint(self) -> object:
        """States with the same one have the same future."""
        entry, currency = self._entry, self._currency
        return (
            (self._now, tuple(self._transactions), self._ended_at, self._polled, self._reads, self._read),
            tuple((ticket, answer and answer.position.snapshot) for ticket, answer in self._polls.values()),
            self._reading and self._reading.snapshot,
            (currency.cursor, currency.as_of, currency.epoch, currency._in_flight),
            (
                entry.is_attached,
                entry.is_admitted,
                entry.is_mute,
                entry.snapshot,
                entry.epoch,
                entry.deadline,
            ),
            (entry.owed, len(self._registry.recent), len(self._registry.owing())),
        )

    def is_broken(self) -> bool:
        """Whether a frame passes although the session has been dead for longer than the lease."""
        if self._ended_at is None or not self._entry.is_admitted or self._now <= self._ended_at + LEASE:
            return False
        return gate.passage(self._entry, self._currency, self._now) is Passage.PASS

    # The database --------------------------------------------------------------------------------------------

    def time_passes(self, _: None) -> None:
        self._now += 1

    def commit(self, name: str) -> None:
        transaction = self._transactions.pop(name)
        if name == "end":
            self._hands.now = self._ended_at = self._now
            assert self._ending(self._hands, transaction, self._session)
        self._database.commit(transaction)

    # The tail ------------------------------------------------------------------------------------------------

    def send_poll(self, _: None) -> None:
        ticket = self._currency.begin_poll(self._now)
        if ticket is not None:
            self._polled += 1
            self._polls[ticket.number] = (ticket, None)

    def execute_poll(self, number: int) -> None:
        ticket = self._polls[number][0]
        self._polls[number] = (ticket, self._database.poll(ticket.last))

    def poll_fails(self, number: int) -> None:
        """The node has given it up; what has been executed may still be answered."""
        ticket, answer = self._polls[number]
        self._currency.poll_failed(ticket)
        if answer is None:
            del self._polls[number]

    def answer_poll(self, number: int) -> None:
        ticket, answer = self._polls.pop(number)
        assert answer is not None
        calls_for = self._currency.receive(ticket, answer.position)
        if calls_for is Next.APPLY:
            for row in answer.rows:
                self._registry.apply(row.closure, via=Via.TAIL, generation=self._currency.generation)
        if calls_for in {Next.APPLY, Next.BASELINE}:
            self._currency.advance(ticket, answer.position)

    # The socket ----------------------------------------------------------------------------------------------

    def _socket_steps(self) -> list[Step]:
        entry = self._entry
        if not entry.is_attached:
            return [("attach", None)] if self._currency.is_current(self._now) else []
        if self._reading is not None:
            return [("judge", None)]
        if self._read is not None:
            return [("execute_read", None)]
        wants = not entry.is_admitted or bool(self._registry.owing())
        return [("send_read", None)] if wants and self._reads < self._bounds.reads else []

    def attach(self, _: None) -> None:
        self._registry.attach(self._entry, now=self._now)

    def send_read(self, _: None) -> None:
        self._reads += 1
        self._read = (self._now, self._currency.epoch)

    def execute_read(self, _: None) -> None:
        assert self._read is not None
        sent_at, epoch = self._read
        snapshot = self._database.snapshot()
        record = self._database.read(self._session, snapshot, now=self._now)
        self._reading = Reading(sent_at=sent_at, epoch=epoch, snapshot=snapshot, record=record)

    def judge(self, _: None) -> None:
        reading, self._reading, self._read = self._reading, None, None
        assert reading is not None
        if self._entry.is_admitted:
            admission.judge_recheck(
                self._entry,
                reading,
                registry=self._registry,
                currency=self._currency,
                deadlines=self._deadlines,
                via=Via.RECHECK,
            )
            return
        admission.judge_opening(
            self._entry,
            reading,
            registry=self._registry,
            currency=self._currency,
            deadlines=self._deadlines,
            now=self._now,
            remember_s=60,
        )


def _nothing(*_: object) -> None:
    """What becomes of a socket whose gate is shut does not matter here."""
