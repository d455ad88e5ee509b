"""Admission, closure and lease, small enough to try everything: one node, one socket, two transactions, the shipped cores.

Time is counted in ticks and passes only when `time passes` is chosen; every step of a poll or read is one of its own.
"""

from collections.abc import Callable
from uuid import UUID

from app.domain.credentials import CredentialType
from app.domain.ids import ConnectionId, TokenHash
from app.domain.snapshot import Snapshot
from app.sockets import admission, gate
from app.sockets.admission import Admitted, Reading, VerifyAgain
from app.sockets.currency import Currency, Next, PollTicket
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from app.sockets.gate import Passage
from app.sockets.registry import Registry, Via
from tests.simulation.choices import Choices
from tests.simulation.database import Answer, Database, Transaction
from tests.simulation.hands import Hands

__all__ = ["Model"]

LEASE = 2
LAST_TICK = 6
POLLS = 3
OVERLAPPING = 2
READS = 3


class Model:
    """One state. `actions` are the steps possible now, each by its name; `ending` ends the session in the database."""

    def __init__(self, ending: Callable[[Hands, Transaction, int], bool] = Hands.end) -> None:
        self._now = 0
        self._database = Database()
        self._hands = Hands(self._database, Choices(script=[4]))
        self._currency = Currency(lease_s=LEASE)
        self._registry = Registry(lambda *_: None)
        self._deadlines = Deadlines()
        self._polls: dict[PollTicket, Answer | None] = {}
        self._polled = 0
        self._reads: dict[int, tuple[float, int, Reading | None]] = {}
        self._read = 0
        self._ended_at: int | None = None
        self._ending = ending
        self._hears = False
        first = self._database.begin()
        account = self._hands.make_account(first)
        self._session = self._hands.mint(first, account, CredentialType.SESSION) or 0
        self._database.commit(first)
        self._transactions = {"end": self._database.begin(), "touch": self._database.begin()}
        self._hands.end if ending is Hands.end else None
        self._entry = Entry(
            connection_id=ConnectionId(UUID(int=1)),
            credential_type=CredentialType.SESSION,
            token_hash=TokenHash(f"{self._session:064x}"),
        )

    def actions(self) -> dict[str, Callable[[], None]]:
        """What can happen next."""
        able: dict[str, Callable[[], None]] = {}
        if self._now < LAST_TICK:
            able["time passes"] = self._time_passes
        for name in self._transactions:
            able[f"commit {name}"] = lambda name=name: self._commit(name)  # type: ignore[misc]
        if self._hears:
            able["doorbell"] = self._doorbell
        if self._polled < POLLS and len(self._polls) < OVERLAPPING:
            able["send poll"] = self._send_poll
        for ticket, answer in self._polls.items():
            able[f"poll {ticket.number} fails"] = lambda ticket=ticket: self._fail(ticket)  # type: ignore[misc]
            if answer is None:
                able[f"poll {ticket.number} is executed"] = lambda ticket=ticket: self._execute(ticket)  # type: ignore[misc]
            else:
                able[f"poll {ticket.number} is answered"] = lambda ticket=ticket: self._answer(ticket)  # type: ignore[misc]
        able.update(self._socket_actions())
        return able

    def fingerprint(self) -> object:
        """States with the same one have the same future."""
        entry, currency = self._entry, self._currency
        return (
            self._now,
            tuple(self._transactions),
            self._ended_at,
            self._hears,
            self._polled,
            self._read,
            tuple((ticket, answer and answer.position.snapshot) for ticket, answer in self._polls.items()),
            tuple((*read[:2], read[2] and read[2].snapshot) for read in self._reads.values()),
            (currency.cursor, currency.as_of, currency.epoch, currency._in_flight),
            (entry.is_attached, entry.is_admitted, entry.is_mute, entry.closing, entry.snapshot, entry.epoch),
            (entry.deadline, entry.owed, len(self._registry.recent), bool(self._registry.owing())),
        )

    def is_broken(self) -> bool:
        """Whether a frame passes now although the session has been dead for longer than the lease."""
        if self._ended_at is None or not self._entry.is_admitted or self._now <= self._ended_at + LEASE:
            return False
        return gate.passage(self._entry, self._currency, self._now) is Passage.PASS

    # The world -----------------------------------------------------------------------------------------------

    def _time_passes(self) -> None:
        self._now += 1

    def _commit(self, name: str) -> None:
        transaction = self._transactions.pop(name)
        self._hands.now = self._now
        change = self._ending if name == "end" else Hands.touch
        assert change(self._hands, transaction, self._session)
        self._database.commit(transaction)
        if name == "end":
            self._ended_at = self._now
            self._hears = self._ending is Hands.end
            self._closures = [row.closure for row in transaction.log]

    def _doorbell(self) -> None:
        self._hears = False
        for closure in self._closures:
            self._registry.close_sockets_for_session(closure.target.key, cause=closure.cause)

    # The tail ------------------------------------------------------------------------------------------------

    def _send_poll(self) -> None:
        ticket = self._currency.begin_poll(self._now)
        self._polled += 1
        if ticket is not None:
            self._polls[ticket] = None

    def _execute(self, ticket: PollTicket) -> None:
        self._polls[ticket] = self._database.poll(ticket.last)

    def _fail(self, ticket: PollTicket) -> None:
        """It is late: the node has given it up. What was executed may still be answered."""
        self._currency.poll_failed(ticket)
        if self._polls[ticket] is None:
            del self._polls[ticket]

    def _answer(self, ticket: PollTicket) -> None:
        answer = self._polls.pop(ticket)
        assert answer is not None
        calls_for = self._currency.receive(ticket, answer.position)
        if calls_for is Next.APPLY:
            for row in answer.rows:
                self._registry.apply(row.closure, via=Via.TAIL, generation=self._currency.generation)
        if calls_for in {Next.APPLY, Next.BASELINE}:
            self._currency.advance(ticket, answer.position)

    # The socket ----------------------------------------------------------------------------------------------

    def _socket_actions(self) -> dict[str, Callable[[], None]]:
        entry = self._entry
        able: dict[str, Callable[[], None]] = {}
        if not entry.is_attached and self._read == 0 and self._currency.is_current(self._now):
            able["attach"] = lambda: self._registry.attach(entry, now=self._now)
        wants = entry.is_attached and (not entry.is_admitted or bool(self._registry.owing()))
        if wants and not self._reads and self._read < READS:
            able["send read"] = self._send_read
        for number, (_, _, reading) in self._reads.items():
            if reading is None:
                able["read is executed"] = lambda number=number: self._execute_read(number)  # type: ignore[misc]
            else:
                able["read is judged"] = lambda number=number: self._judge(number)  # type: ignore[misc]
        return able

    def _send_read(self) -> None:
        self._read += 1
        self._reads[self._read] = (self._now, self._currency.epoch, None)

    def _execute_read(self, number: int) -> None:
        sent_at, epoch, _ = self._reads[number]
        snapshot: Snapshot = self._database.snapshot()
        record = self._database.read(self._session, snapshot, now=self._now)
        reading = Reading(sent_at=sent_at, epoch=epoch, snapshot=snapshot, record=record)
        self._reads[number] = (sent_at, epoch, reading)

    def _judge(self, number: int) -> None:
        _, _, reading = self._reads.pop(number)
        assert reading is not None
        parts = {"registry": self._registry, "currency": self._currency, "deadlines": self._deadlines}
        if self._entry.is_admitted:
            admission.judge_recheck(self._entry, reading, via=Via.RECHECK, **parts)  # type: ignore[arg-type]
            return
        verdict = admission.judge_opening(
            self._entry,
            reading,
            registry=self._registry,
            currency=self._currency,
            deadlines=self._deadlines,
            now=self._now,
            remember_s=60,
        )
        assert isinstance(verdict, Admitted | VerifyAgain) or not self._entry.is_attached
