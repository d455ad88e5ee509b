"""Counts this node's uses of support access, and has them written down once a second: no message waits for that."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog

from app.bridge import Bridge
from app.domain.errors import CutoffError
from app.domain.support_use import UseCounter
from app.operations.authorize_org_message import OrgAccess
from app.operations.record_support_uses import record_support_uses

__all__ = ["SupportUses"]

WRITE_EVERY_S = 1.0

_log = structlog.get_logger(__name__)


class SupportUses:
    """Exact after a clean stop: what could not be written is written with what comes later.

    The trail has an event for each use all the same; these are the sums.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._counter = UseCounter()
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        self._authorizing: set[asyncio.Task[OrgAccess]] = set()

    async def counted(self, authorizing: Coroutine[Any, Any, OrgAccess]) -> OrgAccess:
        """The access that was authorized; if it is a use it is counted, also when nobody waits for it any more."""
        task = asyncio.get_running_loop().create_task(authorizing)
        self._authorizing.add(task)
        task.add_done_callback(self._authorized)
        return await asyncio.shield(task)

    def _authorized(self, task: asyncio.Task[OrgAccess]) -> None:
        self._authorizing.discard(task)
        if task.cancelled() or task.exception() is not None:
            return
        use = task.result().use
        if use is not None:
            self._counter.add([use])
            self._news.set()

    async def finish(self, *, within: timedelta) -> None:
        """Everything that was authorized is counted and written down; or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                if self._authorizing:
                    await asyncio.wait(set(self._authorizing))
                await self.write()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(WRITE_EVERY_S)
            self._news.clear()
            await self.write()
            if self._counter:
                self._news.set()

    async def write(self) -> None:
        """What was noted is written down; or it is kept, where it cannot be."""
        async with self._turn:
            uses = self._counter.take()
            if not uses:
                return
            try:
                await self._bridge.run(record_support_uses, uses)
            except CutoffError as error:
                self._counter.add(uses)
                _log.info("support_uses_not_recorded", error=type(error).__name__)
