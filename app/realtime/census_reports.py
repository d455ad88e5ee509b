"""Tells the database how many sockets there are on each credential, as that changes."""

import asyncio
from collections.abc import Callable, Hashable
from datetime import timedelta

import structlog

from app.bridge import Bridge
from app.domain.errors import CutoffError
from app.domain.ids import NodeId
from app.operations.report_open_sockets import report_open_sockets
from app.realtime.holder import Holder

__all__ = ["CensusReports"]

INTERVAL_S = 1.0
BACKLOG_INTERVAL_S = 0.1
"""While there is more than one report holds: a node of 100,000 sockets has told of all within half a minute. A few that come
or go all the time wait for the interval: telling each of them at once would keep a thread busy beside the loop."""
AT_ONCE = 500
"""Credentials in one report: counting them takes the event loop some milliseconds, storing them some ten."""

_log = structlog.get_logger(__name__)


class CensusReports:
    """Beside the node's reports, and behind them: nothing waits for it, and what it says is for people.

    `basis` is the same as long as what was told is still there, as far as the node can tell; when it has changed, and
    every `whole_every`, all is told again.
    """

    def __init__(
        self,
        *,
        node_id: NodeId,
        bridge: Bridge,
        holder: Holder,
        basis: Callable[[], Hashable],
        whole_every: timedelta,
        clock: Callable[[], float],
    ) -> None:
        self._node_id = node_id
        self._bridge = bridge
        self._holder = holder
        self._census = holder.registry.census
        self._basis = basis
        self._told_on: Hashable = None
        self._whole_every_s = whole_every.total_seconds()
        self._next_whole_at = 0.0
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            is_told = await self.report()
            await asyncio.sleep(
                BACKLOG_INTERVAL_S if is_told and self._census.is_behind(AT_ONCE) else INTERVAL_S
            )

    async def report(self) -> bool:
        """One report, if there is anything to tell and the node has a row; False if it could not be stored."""
        self._begin_round_if_due()
        if not self._holder.is_registered or not self._census.has_more:
            return True
        part = self._census.take(AT_ONCE)
        try:
            is_stored = await self._bridge.run(report_open_sockets, self._node_id, part)
        except CutoffError as error:
            _log.warning("open_sockets_not_reported", error=type(error).__name__)
            return False
        if is_stored:
            self._census.told(part)
        return is_stored

    def _begin_round_if_due(self) -> None:
        now, basis = self._clock(), self._basis()
        if basis != self._told_on or now >= self._next_whole_at:
            self._told_on = basis
            self._next_whole_at = now + self._whole_every_s
            self._census.begin_round(self._holder.registry)
