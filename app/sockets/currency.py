"""Whether this node can prove that it knows what is true: the cursor, the baseline and the lease.

A node that has applied the closure log up to a snapshot taken after `t` knows of everything committed before
`t`, and may carry frames until `t` plus the lease. The names R1 to R6 are those of the protocol's rules.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from math import inf

from app.domain.snapshot import Snapshot

__all__ = ["Currency", "Next", "PollTicket", "Position"]

GENERATIONS_KEPT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where an answer stands: a snapshot means something only on its own cluster and timeline.

    `timeline` is None on a server in recovery. `is_cut_off`: rows are missing between the cursor and `snapshot`.
    """

    snapshot: Snapshot
    system_identifier: str
    timeline: int | None
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTicket:
    """One poll in flight: the clock before it was sent (R1) and the cursor that was sent with it (R3)."""

    number: int
    sent_at: float
    last: Snapshot | None


class Next(Enum):
    """What an answer calls for: take it as the baseline, apply its rows, reconcile, or throw it away."""

    BASELINE = "baseline"
    APPLY = "apply"
    RECONCILE = "reconcile"
    IGNORE = "ignore"


class Currency:
    """The node's cursor in the closure log, and its lease. Durations and instants are seconds of one clock."""

    def __init__(self, *, lease_s: float, serves_when_stale: bool = False) -> None:
        self.lease_s = lease_s
        self.serves_when_stale = serves_when_stale
        self.cursor: Snapshot | None = None
        self.system_identifier: str | None = None
        self.timeline: int | None = None
        self.epoch = 0
        self.generation = 0
        self.as_of = -inf
        self._polls_begun = 0
        self._epochs_begun = 0
        self._in_flight: PollTicket | None = None
        self._applied: deque[tuple[int, Position]] = deque(maxlen=GENERATIONS_KEPT)

    @property
    def place(self) -> tuple[str | None, int | None]:
        """The cluster and timeline of the cursor: what was written at another place may not be there."""
        return self.system_identifier, self.timeline

    @property
    def has_baseline(self) -> bool:
        """Whether a socket may begin to verify (R4)."""
        return self.cursor is not None

    def is_current(self, now: float) -> bool:
        """Whether the lease runs: only then is anybody admitted, under every policy."""
        return self.cursor is not None and now - self.as_of <= self.lease_s

    def lets_pass(self, now: float) -> bool:
        """Whether frames may pass: while current, and under `serve` also afterwards."""
        return now - self.as_of <= self.lease_s or (self.serves_when_stale and self.cursor is not None)

    @property
    def lease_ends_at(self) -> float:
        """When frames stop unless another poll succeeds; minus infinity before the baseline."""
        return self.as_of + self.lease_s

    def begin_poll(self, now: float) -> PollTicket | None:
        """The ticket of the poll that may be sent now; None while one is in flight (R3)."""
        if self._in_flight is not None:
            return None
        self._polls_begun += 1
        self._in_flight = PollTicket(number=self._polls_begun, sent_at=now, last=self.cursor)
        return self._in_flight

    def poll_failed(self, ticket: PollTicket) -> None:
        """The poll is over without an answer; one that still comes is thrown away. Nothing has moved."""
        if self._in_flight is ticket:
            self._in_flight = None

    def receive(self, ticket: PollTicket, position: Position) -> Next:
        """What the answer to that ticket calls for. The ticket stays in flight until it is applied or has failed."""
        if ticket is not self._in_flight or position.timeline is None:
            return Next.IGNORE
        if self.cursor is None:
            return Next.BASELINE
        if ticket.last is not self.cursor:
            return Next.IGNORE
        moved = (position.system_identifier, position.timeline) != self.place
        return Next.RECONCILE if moved or position.is_cut_off else Next.APPLY

    def advance(self, ticket: PollTicket, position: Position) -> None:
        """Every row of the answer has been applied (R2): the cursor moves to its snapshot, and the lease is renewed.

        Calling this for a ticket that is not in flight any more changes nothing. A baseline begins an epoch: what
        was read before it does not count (R4).
        """
        if ticket is not self._in_flight:
            return
        self._in_flight = None
        if self.cursor is None:
            self.epoch = self.begin_epoch()
        self._move_to(position, sent_at=ticket.sent_at)

    def begin_epoch(self) -> int:
        """The number of a new epoch: the baseline's, or a reconciliation's, which begins when all its reads have been judged."""
        self._epochs_begun += 1
        return self._epochs_begun

    def reconciled(self, position: Position, *, epoch: int, sent_at: float) -> None:
        """Everybody who was attached has been read in that one snapshot, which was asked for at `sent_at` (R6).

        What was read in an earlier epoch does not count any more: it is read again before it speaks (R4).
        """
        self.epoch = epoch
        self._in_flight = None
        self._move_to(position, sent_at=sent_at)

    def settled(self, *, owed_since: int | None) -> Position | None:
        """How far the log is applied with every recheck answered, for receipts (R2).

        `owed_since` is the earliest generation of which a recheck is still owed; None when none is. After a
        failover this may still stand on the timeline before, so its snapshot is told together with its own timeline.
        """
        settled = None
        for generation, position in self._applied:
            if owed_since is not None and generation >= owed_since:
                break
            settled = position
        return settled

    def _move_to(self, position: Position, *, sent_at: float) -> None:
        self.cursor = position.snapshot
        self.system_identifier = position.system_identifier
        self.timeline = position.timeline
        self.as_of = max(self.as_of, sent_at)
        self._applied.append((self.generation, position))
        self.generation += 1
