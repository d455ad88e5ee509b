"""The tail: reads the closure log every interval, and soon after a ring, and renews the lease with each good answer.

The order is the protocol's: clock, send (R1); apply every row, then move the cursor, then renew (R2); one poll in
flight, and a late answer is dropped with its connection (R3); after a gap, reconcile against one snapshot (R6).
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from app.config import Settings
from app.data.closure_log import POLL, Poll, poll_from, poll_parameters
from app.domain.errors import Unavailable
from app.domain.ids import NodeId
from app.domain.radius import in_order
from app.domain.targets import Closure
from app.fanout.subscriber import CLOSED
from app.realtime.bell import Bell
from app.realtime.metrics import RECONCILIATIONS, TAIL_FAILURES
from app.realtime.read_connection import ReadConnection
from app.realtime.reconciliation import SLICE, position_of, reconcile, slices
from app.sockets.currency import Currency, Next, PollTicket, Position
from app.sockets.deadlines import Deadlines
from app.sockets.registry import Registry, Via

__all__ = ["Tail"]

ROWS_PER_POLL = 5_000
RING_SPACING_S = 0.025
"""At most so often do rings cause a poll, in a small fleet; one that comes in between is answered by the next."""
RETRY_S = 0.1
JITTER = 0.2
"""An interval is shortened by up to this share, never lengthened."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)
_dice = secrets.SystemRandom()


class OnGoodPoll(Protocol):
    """Told of each renewal of the lease."""

    def __call__(self, applied: int, *, gates_waited: bool) -> None:
        """So many closures were applied; `gates_waited`: the lease had run out, or sockets were mute that are not now."""
        ...


class Tail:
    """A node's reader of the closure log.

    `on_good_poll` is called after each renewal. `register_again` is awaited when the node's row is gone, and
    says whether it is back.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        connection: ReadConnection,
        currency: Currency,
        registry: Registry,
        deadlines: Deadlines,
        on_good_poll: OnGoodPoll,
        node_id: NodeId,
        register_again: Callable[[], Awaitable[bool]],
        clock: Callable[[], float],
    ) -> None:
        self.failures = 0
        self.reconciliations = 0
        self.unknown_closures = 0
        self.last_answer_at: float | None = None
        self.in_recovery = False
        self.bell = Bell(least_s=RING_SPACING_S, most_s=settings.tail_interval.total_seconds(), clock=clock)
        self._interval_s = settings.tail_interval.total_seconds()
        self._timeout_s = settings.poll_timeout.total_seconds()
        self._connection = connection
        self._currency = currency
        self._registry = registry
        self._deadlines = deadlines
        self._on_good_poll = on_good_poll
        self._node_id = node_id
        self._register_again = register_again
        self._was_registered = False
        self._clock = clock
        self._database_time: tuple[datetime, float] | None = None

    def ring(self, why: str = "") -> None:
        """The log is read soon, by a poll that begins after this; where all is closed already, the closes go first."""
        self.bell.ring(is_urgent=why != CLOSED)

    def database_time(self, at: float) -> datetime | None:
        """What the database's clock shows when this node's shows `at`, as far as the last poll tells."""
        if self._database_time is None:
            return None
        read_at, clock = self._database_time
        return read_at + timedelta(seconds=at - clock)

    def own_time(self, shown: datetime) -> float | None:
        """What this node's clock shows when the database's shows that, as far as the last poll tells."""
        if self._database_time is None:
            return None
        read_at, clock = self._database_time
        return clock + (shown - read_at).total_seconds()

    async def run(self) -> None:
        """Until cancelled; what fails is tried again, and while it fails the lease runs out."""
        while True:
            self.bell.begins()
            began = self._clock()
            if await self.poll():
                self.bell.took(self._clock() - began)
                await self.bell.wait(until=began + self._interval_s * (1 - JITTER * _dice.random()))
            else:
                await asyncio.sleep(RETRY_S)

    async def poll(self) -> bool:
        """One poll, applied; whether the lease was renewed by it."""
        ticket = self._currency.begin_poll(self._clock())
        if ticket is None:
            return False
        try:
            answer = await self._ask(ticket)
            gates_waited = await self._answer(ticket, answer)
        except Unavailable:
            self.failures += 1
            TAIL_FAILURES.inc()
            self._currency.poll_failed(ticket)
            return False
        finally:
            self._currency.poll_failed(ticket)
        if not self._currency.is_current(self._clock()):
            return False
        self._on_good_poll(len(answer.closures), gates_waited=gates_waited)
        return True

    async def _ask(self, ticket: PollTicket) -> Poll:
        parameters = poll_parameters(ticket.last, limit=ROWS_PER_POLL, node_id=self._node_id)
        rows = await self._connection.fetch(POLL, parameters, within_s=self._timeout_s)
        self.last_answer_at = self._clock()
        answer = poll_from(rows, last=ticket.last, limit=ROWS_PER_POLL)
        self._database_time = (answer.read_at, (ticket.sent_at + self.last_answer_at) / 2)
        return answer

    async def _answer(self, ticket: PollTicket, answer: Poll) -> bool:
        """Whether gates may have been waiting for this answer; asked at the last moment, as the lease may run out meanwhile."""
        position = position_of(answer)
        self.in_recovery = position.timeline is None
        match self._currency.receive(ticket, position):
            case Next.IGNORE:
                raise Unavailable("database")
            case Next.BASELINE:
                self._currency.advance(ticket, position)
                return True
            case Next.APPLY:
                await self._apply(answer.closures)
                await self._stay_known(answer)
                was_current = self._currency.is_current(self._clock())
                self._currency.advance(ticket, position)
                return not was_current
            case Next.RECONCILE:
                self.unknown_closures += answer.unknown
                if self._is_here(position):
                    await self._apply(answer.closures)
                await self._stay_known(answer)
                await self._reconcile()
                return True

    def _is_here(self, position: Position) -> bool:
        """Whether it is of the cluster and timeline of the cursor: elsewhere, transaction ids mean something else."""
        return (position.system_identifier, position.timeline) == self._currency.place

    async def _stay_known(self, answer: Poll) -> None:
        """A row that was pruned, or forgotten, is put back before the lease is renewed, or it is not renewed.

        Otherwise a receipt could be complete without this node, which carries frames again.
        """
        if self._was_registered and not answer.is_registered and not await self._register_again():
            raise Unavailable("database")
        self._was_registered = self._was_registered or answer.is_registered

    async def _apply(self, closures: Sequence[Closure]) -> None:
        """Shutting gates and muting are synchronous; only between slices does the loop get its turn."""
        ordered = in_order(closures)
        for part in slices(ordered, SLICE):
            for closure in part:
                self._registry.apply(closure, via=Via.TAIL, generation=self._currency.generation)
            if len(ordered) > SLICE:
                await asyncio.sleep(0)

    async def _reconcile(self) -> None:
        self.reconciliations += 1
        RECONCILIATIONS.inc()
        await reconcile(
            self._connection,
            currency=self._currency,
            registry=self._registry,
            deadlines=self._deadlines,
            clock=self._clock,
            timeout_s=self._timeout_s,
        )
