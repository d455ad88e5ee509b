"""Works off the sockets whose gates are shut. A few go at once; a mass goes in small lots with air between them.

The cost of a mass close is not the close frames but the answers and teardowns that come back in one lump. So it is
paced, be it one closure with many sockets or many closures in one turn of the loop, and what is closed for somebody
else meanwhile overtakes it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from app.sockets.entry import Entry

__all__ = ["AT_ONCE", "A_TURN", "LOT", "LOT_BUDGET_S", "Closeable", "Pump"]

AT_ONCE = 16
"""A closure with no more sockets than this does not queue behind a mass."""
A_TURN = 32
"""Of all such closures that come in one turn of the loop, so many sockets go at once; the others as soon as there is air."""
LOT = 10
LOT_BUDGET_S = 0.002
NAP_S = 0.001

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
        self._few: deque[tuple[Entry, int]] = deque()
        self._mass: deque[tuple[Entry, int]] = deque()
        self._begun_in_turn = 0
        self._wanted = asyncio.Event()

    def add(self, entries: Sequence[Entry]) -> None:
        """The entries' peers are being told, or will be when their turn has come. To be called within the loop."""
        among = len(entries)
        if among <= AT_ONCE and self._begun_in_turn + among <= A_TURN:
            self._begin_at_once(entries)
            return
        queue = self._few if among <= AT_ONCE else self._mass
        queue.extend((entry, among) for entry in entries)
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._work_off_a_lot()
            if not len(self):
                self._wanted.clear()
            # A mass comes back in one lump, so it is given air; many small closures only let others have their turn.
            await asyncio.sleep(NAP_S if self._mass else 0)

    def __len__(self) -> int:
        return len(self._few) + len(self._mass)

    def _begin_at_once(self, entries: Sequence[Entry]) -> None:
        if not self._begun_in_turn:
            asyncio.get_running_loop().call_soon(self._turn_is_over)
        self._begun_in_turn += len(entries)
        for entry in entries:
            _begin(entry, among=len(entries))

    def _turn_is_over(self) -> None:
        self._begun_in_turn = 0

    def _work_off_a_lot(self) -> None:
        """What came as many small closures first, then some of a mass: at least one, or a storm would hold it up."""
        ends_at = self._clock() + LOT_BUDGET_S
        while self._few and self._clock() < ends_at:
            _begin_next(self._few)
        for _ in range(min(LOT, len(self._mass))):
            _begin_next(self._mass)
            if self._clock() >= ends_at:
                return


def _begin_next(queue: deque[tuple[Entry, int]]) -> None:
    entry, among = queue.popleft()
    _begin(entry, among=among)


def _begin(entry: Entry, *, among: int) -> None:
    """Once an entry, however many closures have named it; and not if it has gone by itself before its turn came."""
    handle: Closeable | None = entry.handle
    if not entry.has_begun_to_close and handle is not None:
        entry.has_begun_to_close = True
        try:
            handle.begin_to_close(among=among)
        except Exception:  # noqa: BLE001 - a bug with one of them must not keep the others open; its gate is shut
            _log.exception("close_failed", connection_id=str(entry.connection_id))
