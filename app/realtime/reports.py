"""The node's row, written about every second, and soon after closures; and the revocations that nobody else performs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from app.bridge import Bridge
from app.clock import boot_seconds
from app.config import Settings
from app.domain.errors import CutoffError
from app.domain.ids import NodeId, RevocationId
from app.domain.node_report import NodeReport, RevocationOutcome
from app.operations.leave_node import leave_node
from app.operations.report_node import report_node
from app.realtime.bell import Bell
from app.realtime.holder import Holder

__all__ = ["Reports"]

INTERVAL_S = 0.85
"""Below the tail interval by what performing takes: what is overdue is seen, and over, within that."""
SPACING_S = 0.05
"""At most so often does news cause a report, in a small fleet; the first one is there within that, and tells it all."""

_log = structlog.get_logger(__name__)


class Reports:
    """Tells the database, on the bridge: a locked row costs a report, never the lease.

    `perform` is given the revocations that have waited too long for a worker. `describe` gives the report for
    a number and the outcomes under it. `on_fleet` is told how many nodes there are.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        node_id: NodeId,
        bridge: Bridge,
        holder: Holder,
        describe: Callable[[int, Sequence[RevocationOutcome]], NodeReport],
        perform: Callable[[RevocationId], Awaitable[None]],
        on_fleet: Callable[[int], None],
    ) -> None:
        self._node_id = node_id
        self._bridge = bridge
        self._holder = holder
        self._describe = describe
        self._perform = perform
        self._perform_within = settings.perform_within
        self.times_registered_again = 0
        self._bell = Bell(least_s=SPACING_S, most_s=INTERVAL_S, clock=boot_seconds)
        self._on_fleet = on_fleet
        self._turn = asyncio.Lock()
        self._number = 0
        self._unstored: NodeReport | None = None
        """Its outcomes may or may not be in the receipts."""

    def wake(self) -> None:
        """There is news for a receipt: a report follows soon."""
        self._bell.ring(is_urgent=False)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            performing: asyncio.Task[None] | None = None
            while True:
                self._bell.begins()
                began = boot_seconds()
                overdue = await self.report()
                self._bell.took(boot_seconds() - began)
                if overdue and (performing is None or performing.done()):
                    performing = group.create_task(self._perform_each(overdue))
                await self._bell.wait(until=began + INTERVAL_S)

    async def _perform_each(self, overdue: Sequence[RevocationId]) -> None:
        """Beside the reports: it may wait for somebody's locks."""
        for revocation_id in overdue:
            await self._perform(revocation_id)

    async def report(self) -> tuple[RevocationId, ...]:
        """One report; the revocations that are overdue, none where it could not be stored."""
        async with self._turn:
            report = self._next()
            self._unstored = report if report.outcomes else None
            try:
                answer = await self._bridge.run(report_node, report, perform_within=self._perform_within)
            except CutoffError as error:
                _log.warning("not_reported", error=type(error).__name__)
                return ()
            self._unstored = None
            # Receipts wait for whoever has a snapshot in its row: without one, nobody may be admitted yet.
            self._holder.is_registered = report.snapshot is not None
            self._bell.nodes = answer.nodes
            self._on_fleet(answer.nodes)
            return answer.overdue

    def _next(self) -> NodeReport:
        """What may not have been stored goes again, under its own number; or else what has happened since."""
        unstored = self._unstored
        if unstored is not None:
            return self._describe(unstored.number, unstored.outcomes).no_further_than(unstored)
        self._number += 1
        return self._describe(self._number, self._holder.books.take())

    async def register_again(self) -> bool:
        """Whether the row is back, after it was pruned or forgotten: asked before the lease is renewed."""
        self._holder.is_registered = False
        self.times_registered_again += 1
        await self.report()
        return self._holder.is_registered

    async def leave(self, *, within: timedelta) -> None:
        """The row says what happened last, and that the node has left; or the time is over."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self.report()
                await self._bridge.run(leave_node, self._node_id)
        except (TimeoutError, CutoffError):
            _log.warning("left_without_a_word")
