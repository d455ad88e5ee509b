"""Works off the sockets whose gates are shut. A few are told at once; a mass goes in small lots with air between them.

The cost of a mass close is not the close frames but the answers and teardowns that come back in one lump. So it is
paced, be it one closure with many sockets or many closures in one turn of the loop, and what is closed for somebody
else meanwhile overtakes it. And what is left to do on this side once a peer has been told waits until all have been.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from app.sockets.entry import Entry

__all__ = [
    "AT_ONCE",
    "A_TURN",
    "LOT",
    "LOT_BUDGET_S",
    "NAP_S",
    "PATIENCE_S",
    "QUIET_S",
    "Closeable",
    "Pump",
]

AT_ONCE = 16
"""A closure with no more sockets than this does not queue behind a mass."""
A_TURN = 32
"""Of all such closures that come in one turn of the loop, so many sockets go at once; the others as soon as there is air."""
LOT = 16
LOT_BUDGET_S = 0.002
NAP_S = 0.001
QUIET_S = NAP_S / 2
"""When nobody has been told for so long, those who have been are wound down."""
PATIENCE_S = 0.8
"""And after so long in any case, while others are still being told."""
LOTS = 64
"""Of a great many who wait for it, so small a part at a time."""

_log = structlog.get_logger(__name__)


class Closeable(Protocol):
    """What an entry's handle is: a socket, or an event stream."""

    def begin_to_close(self, *, among: int) -> None:
        """Its peer is told, or reset; `among` so many, so that they do not all come back in one instant."""
        ...

    def wind_down(self) -> None:
        """What is left to do on this side."""
        ...


class Pump:
    """One a node. Gates are shut already when an entry gets here; nothing passes while it waits."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._few: deque[tuple[Entry, int]] = deque()
        self._mass: deque[tuple[Entry, int]] = deque()
        self._told: deque[tuple[Entry, float]] = deque()
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
            self._wind_down_a_lot()
            if len(self):
                # What comes back of a mass comes in one lump, so it is given air; many small closures only let others have their turn.
                await asyncio.sleep(0 if self._few else NAP_S)
            else:
                self._wanted.clear()

    def __len__(self) -> int:
        return len(self._few) + len(self._mass) + len(self._told)

    def _begin_at_once(self, entries: Sequence[Entry]) -> None:
        """And nothing else: whatever runs on this machine now is in the way of their peers."""
        if not self._begun_in_turn:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._turn_is_over)
            loop.call_later(NAP_S, self._wanted.set)
        self._begun_in_turn += len(entries)
        for entry in entries:
            self._begin(entry, among=len(entries))

    def _turn_is_over(self) -> None:
        self._begun_in_turn = 0

    def _work_off_a_lot(self) -> None:
        """What came as many small closures first, then some of a mass: at least one, or a storm would hold it up."""
        ends_at = self._clock() + LOT_BUDGET_S
        while self._few and self._clock() < ends_at:
            self._begin_next(self._few)
        for _ in range(min(LOT, len(self._mass))):
            self._begin_next(self._mass)
            if self._clock() >= ends_at:
                return

    def _begin_next(self, queue: deque[tuple[Entry, int]]) -> None:
        entry, among = queue.popleft()
        self._begin(entry, among=among)

    def _begin(self, entry: Entry, *, among: int) -> None:
        """Once an entry, however many closures have named it; and not if it has gone by itself before its turn came."""
        handle: Closeable | None = entry.handle
        if not entry.has_begun_to_close and handle is not None:
            entry.has_begun_to_close = True
            try:
                handle.begin_to_close(among=among)
            except Exception:  # noqa: BLE001 - a bug with one of them must not keep the others open; its gate is shut
                _log.exception("close_failed", connection_id=str(entry.connection_id))
            self._told.append((entry, self._clock()))

    def _wind_down_a_lot(self) -> None:
        """The more there are the more go at a time, so that in a storm without an end they do not wait for longer and longer."""
        if not self._told:
            return
        now, (_, last_told_at) = self._clock(), self._told[-1]
        is_quiet = not self._few and not self._mass and last_told_at + QUIET_S <= now
        told_by = now if is_quiet else now - PATIENCE_S
        for _ in range(max(A_TURN, len(self._told) // LOTS)):
            if not self._told or self._told[0][1] > told_by:
                return
            _wind_down(self._told.popleft()[0])


def _wind_down(entry: Entry) -> None:
    """Unless its connection is gone already, and with it all that was left to do."""
    handle: Closeable | None = entry.handle
    if handle is not None:
        try:
            handle.wind_down()
        except Exception:  # noqa: BLE001 - a bug with one of them must not keep the others
            _log.exception("wind_down_failed", connection_id=str(entry.connection_id))
