"""One reconciliation of a simulated node: who is still to be read, in which snapshot (R6)."""

from datetime import datetime
from typing import Protocol

from app.sockets.admission import Reading
from app.sockets.currency import PollTicket, Position
from app.sockets.entry import Entry
from tests.simulation.ticks import instant

__all__ = ["Attempt"]


class Reconciles(Protocol):
    """The tail, as far as an attempt needs it."""

    def is_trying(self, attempt: "Attempt") -> bool:
        """Whether the attempt has neither ended nor failed."""
        ...

    def reads_next(self, attempt: "Attempt", entries: list[Entry]) -> None:
        """The next batch is read in the attempt's snapshot."""
        ...

    def judges(self, entry: Entry, reading: Reading) -> None:
        """One entry, by the attempt's read."""
        ...

    def reconciled(self, attempt: "Attempt") -> None:
        """Everybody has been judged."""
        ...

    def gives_up(self, attempt: "Attempt") -> None:
        """Nothing has moved."""
        ...


class Attempt:
    """One reconciliation: who is still to be read, in which snapshot."""

    BATCH = 2

    def __init__(
        self, tail: Reconciles, ticket: PollTicket, epoch: int, sent_at: float, entries: list[Entry]
    ) -> None:
        self.ticket = ticket
        self.epoch = epoch
        self.sent_at = sent_at
        self.position: Position | None = None
        self._tail = tail
        self._read_at = instant(0)
        self._entries = entries

    def has_snapshot(self, answer: tuple[Position, datetime]) -> None:
        """All reads are made in that snapshot, and judged by the clock as it was then."""
        if self._tail.is_trying(self):
            self.position, self._read_at = answer
            self._goes_on()

    def judges(self, entries: list[Entry], readings: list[Reading]) -> None:
        """A batch has been read."""
        if not self._tail.is_trying(self):
            return
        for entry, reading in zip(entries, readings, strict=True):
            self._tail.judges(entry, reading.as_of(sent_at=self.sent_at, read_at=self._read_at))
        self._goes_on()

    def times_out(self) -> None:
        """A statement was lost."""
        if self._tail.is_trying(self):
            self._tail.gives_up(self)

    def _goes_on(self) -> None:
        batch, self._entries = self._entries[: self.BATCH], self._entries[self.BATCH :]
        if batch:
            self._tail.reads_next(self, batch)
        else:
            self._tail.reconciled(self)
