"""What a node keeps an eye on besides the log: its own lease, the triggers that write the log, expiry that nobody records."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from app.bridge import Bridge
from app.clock import boot_seconds
from app.domain.errors import CutoffError
from app.operations.check_triggers import check_triggers
from app.operations.expire_credentials import expire_credentials
from app.operations.expire_support_grants import expire_support_grants
from app.realtime.holder import Holder
from app.realtime.metrics import LEASE_MISSES, SERVED_STALE

__all__ = ["Watches"]

STALE_TICK_S = 0.05
TRIGGER_RETRY_S = 0.5
EXPIRY_TICK_S = 5.0
EXPIRY_OVERDUE = timedelta(seconds=15)
"""Three of beat's intervals: a fleet with workers never comes to this."""

_log = structlog.get_logger(__name__)


class Watches:
    """Closes what the policy says when the lease has run out, and keeps a node unready whose log has holes."""

    def __init__(self, *, holder: Holder, bridge: Bridge, look_every: timedelta) -> None:
        self._holder = holder
        self._bridge = bridge
        self._look_every_s = look_every.total_seconds()
        self._is_serving_stale = False
        self._was_current = False

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_lease())
            group.create_task(self._watch_triggers())
            group.create_task(self._watch_expiry())

    async def _watch_lease(self) -> None:
        while True:
            self._holder.close_if_stale()
            self._count_lease_misses()
            self._count_serving_stale()
            await asyncio.sleep(STALE_TICK_S)

    def _count_lease_misses(self) -> None:
        is_current = self._holder.currency.is_current(boot_seconds())
        if self._was_current and not is_current:
            LEASE_MISSES.inc()
            _log.warning("lease_missed", sockets=len(self._holder.registry))
        self._was_current = is_current

    def _count_serving_stale(self) -> None:
        """The alarm of policy `serve`: said once each time, and counted for as long as it lasts."""
        serves = self._holder.serves_stale()
        if serves:
            SERVED_STALE.inc(STALE_TICK_S)
        if serves and not self._is_serving_stale:
            _log.error("serving_stale", sockets=len(self._holder.registry))
        self._is_serving_stale = serves

    async def _watch_expiry(self) -> None:
        """What beat and workers have left undone is recorded here: the sockets are gone, and access is denied already."""
        while True:
            await asyncio.sleep(EXPIRY_TICK_S)
            with suppress(CutoffError):
                for expire in (expire_support_grants, expire_credentials):
                    while await self._bridge.run(expire, overdue_by=EXPIRY_OVERDUE):
                        pass

    async def _watch_triggers(self) -> None:
        """At the start, and on the slow timer: a node does not become ready while an ending could pass unnoticed."""
        while True:
            try:
                self._holder.triggers_missing = await self._bridge.run(check_triggers)
                pause_s = self._look_every_s
            except CutoffError:
                pause_s = TRIGGER_RETRY_S
            await asyncio.sleep(pause_s if self._holder.triggers_missing == () else TRIGGER_RETRY_S)
