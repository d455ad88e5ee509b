"""What a node keeps an eye on besides the log: its own lease, and the triggers that write the log."""

import asyncio
from datetime import timedelta

import structlog

from app.bridge import Bridge
from app.domain.errors import CutoffError
from app.operations.check_triggers import check_triggers
from app.realtime.holder import Holder
from app.realtime.metrics import SERVED_STALE

__all__ = ["Watches"]

STALE_TICK_S = 0.05
TRIGGER_RETRY_S = 0.5

_log = structlog.get_logger(__name__)


class Watches:
    """Closes what the policy says when the lease has run out, and keeps a node unready whose log has holes."""

    def __init__(self, *, holder: Holder, bridge: Bridge, look_every: timedelta) -> None:
        self._holder = holder
        self._bridge = bridge
        self._look_every_s = look_every.total_seconds()
        self._is_serving_stale = False

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_lease())
            group.create_task(self._watch_triggers())

    async def _watch_lease(self) -> None:
        while True:
            self._holder.close_if_stale()
            self._count_serving_stale()
            await asyncio.sleep(STALE_TICK_S)

    def _count_serving_stale(self) -> None:
        """The alarm of policy `serve`: said once each time, and counted for as long as it lasts."""
        serves = self._holder.serves_stale()
        if serves:
            SERVED_STALE.inc(STALE_TICK_S)
        if serves and not self._is_serving_stale:
            _log.error("serving_stale", sockets=len(self._holder.registry))
        self._is_serving_stale = serves

    async def _watch_triggers(self) -> None:
        """At the start, and on the slow timer: a node does not become ready while an ending could pass unnoticed."""
        while True:
            try:
                self._holder.triggers_missing = await self._bridge.run(check_triggers)
                pause_s = self._look_every_s
            except CutoffError:
                pause_s = TRIGGER_RETRY_S
            await asyncio.sleep(pause_s if self._holder.triggers_missing == () else TRIGGER_RETRY_S)
