"""Works off the sockets whose gates are shut. A few go at once; a mass goes in small lots with air between them.

The cost of a mass close is not the close frames but the answers and teardowns that come back in one lump. So it is
paced, and what is closed for somebody else meanwhile overtakes it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from app.sockets.entry import Entry

__all__ = ["Closeable", "Pump"]

AT_ONCE = 16
"""A closure with no more sockets than this does not queue."""
LOT = 10
LOT_BUDGET_S = 0.002
NAP_S = 0.002

_log = structlog.get_logger(__name__)


class Closeable(Protocol):
    """What an entry's handle is: a socket, or an event stream."""

    def begin_to_close(self, *, among: int) -> None:
        """Its peer is told, or reset; `among` so many, so that they do not all come back in one instant."""
        ...


class Pump:
    """One a node. Gates are shut already when an entry gets here; nothing passes while it waits."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._queue: deque[tuple[Entry, int]] = deque()
        self._wanted = asyncio.Event()

    def add(self, entries: Sequence[Entry]) -> None:
        """The entries' peers are being told, or will be when their turn has come."""
        if len(entries) <= AT_ONCE:
            for entry in entries:
                _begin(entry, among=len(entries))
            return
        self._queue.extend((entry, len(entries)) for entry in entries)
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._work_off_a_lot()
            if not self._queue:
                self._wanted.clear()
            await asyncio.sleep(NAP_S)

    def __len__(self) -> int:
        return len(self._queue)

    def _work_off_a_lot(self) -> None:
        ends_at = self._clock() + LOT_BUDGET_S
        for _ in range(LOT):
            if not self._queue:
                return
            entry, among = self._queue.popleft()
            _begin(entry, among=among)
            if self._clock() >= ends_at:
                return


def _begin(entry: Entry, *, among: int) -> None:
    """Once an entry, however many closures have named it; and not if it has gone by itself before its turn came."""
    handle: Closeable | None = entry.handle
    if not entry.has_begun_to_close and handle is not None:
        entry.has_begun_to_close = True
        try:
            handle.begin_to_close(among=among)
        except Exception:  # noqa: BLE001 - a bug with one of them must not keep the others open; its gate is shut
            _log.exception("close_failed", connection_id=str(entry.connection_id))
