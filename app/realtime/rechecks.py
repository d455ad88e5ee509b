"""Reads again what is owed a read: after a recheck, at a deadline, after a reset; and everything, a slice at a time (R7)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from math import ceil

from app.domain.closing import Reason
from app.domain.credential_state import Dead, state_of
from app.domain.errors import Unavailable
from app.domain.snapshot import Snapshot
from app.realtime.read_connection import ReadConnection
from app.realtime.reads import read_credentials
from app.sockets.admission import Reading, judge_recheck
from app.sockets.currency import Currency
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from app.sockets.registry import Registry, Via

__all__ = ["Rechecks"]

BATCH = 1_000
TIMEOUT_S = 2.0
RETRY_S = 0.2
TICK_S = 0.05
"""How late a deadline's close may come; the gate was shut at the instant."""
SLICE_TICK_S = 1.0
LOG_SPEAKS_WITHIN_S = 1.0
LOG_TICK_S = 0.01


class Rechecks:
    """Works off what the registry owes, and feeds it what has come due.

    `on_spoken` is told whose mute has ended, so that whoever waits at their gate asks again. `ring` has the log read
    soon.
    """

    def __init__(
        self,
        *,
        connection: ReadConnection,
        registry: Registry,
        currency: Currency,
        deadlines: Deadlines,
        reconcile_interval: timedelta,
        on_spoken: Callable[[Sequence[Entry]], None],
        ring: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._registry = registry
        self._currency = currency
        self._deadlines = deadlines
        self._interval_s = reconcile_interval.total_seconds()
        self._slices = max(1, ceil(self._interval_s / SLICE_TICK_S))
        self._on_spoken = on_spoken
        self._ring = ring
        self._clock = clock
        self._wanted = asyncio.Event()
        self._turn = asyncio.Lock()
        self._due: set[Entry] = set()

    def wake(self) -> None:
        """What is owed is read now."""
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work())
            group.create_task(self._watch_deadlines())
            group.create_task(self._walk())

    async def _work(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            owing = self._registry.owing()
            self._due.intersection_update(owing)
            for start in range(0, len(owing), BATCH):
                await self._read(owing[start : start + BATCH])

    async def _watch_deadlines(self) -> None:
        while True:
            due = self._deadlines.due(self._clock())
            if due:
                self._due.update(due)
                self._registry.owe_read(due)
                self.wake()
            self._deadlines.forget_stale(len(self._registry))
            await asyncio.sleep(TICK_S)

    async def _walk(self) -> None:
        """The slow timer: over one interval, everybody is read once, without being muted for it."""
        round_of: list[Entry] = []
        next_round_at = self._clock() + self._interval_s
        early_s = SLICE_TICK_S / 2  # a tick that comes a hair too soon is not one too late
        while True:
            await asyncio.sleep(SLICE_TICK_S)
            if not round_of and self._clock() >= next_round_at - early_s:
                next_round_at = self._clock() + self._interval_s
                round_of = [entry for entry in self._registry if entry.is_admitted and entry.closing is None]
            size = ceil(max(len(round_of), len(self._registry)) / self._slices)
            slice_, round_of = round_of[:size], round_of[size:]
            if slice_ and self._currency.is_current(self._clock()):
                await self._read(slice_, via=Via.RECONCILIATION)

    async def _read(self, entries: Sequence[Entry], *, via: Via | None = None) -> None:
        try:
            async with self._turn:
                readings = await read_credentials(
                    self._connection,
                    entries,
                    epoch=self._currency.epoch,
                    clock=self._clock,
                    within_s=TIMEOUT_S,
                )
        except Unavailable:
            if via is None:
                await asyncio.sleep(RETRY_S)
                self.wake()
            return
        if any(_ended_early(reading) for _, reading in readings):
            await self._let_the_log_speak_first(readings[0][1].snapshot)
        counted = [entry for entry, reading in readings if self._judge(entry, reading, via)]
        self._on_spoken([entry for entry in counted if entry.closing is None])
        if len(counted) < len(readings):
            await asyncio.sleep(TICK_S)  # what it did not see yet, such as a reconciliation, takes its time
            self.wake()

    async def _let_the_log_speak_first(self, snapshot: Snapshot) -> None:
        """Only a closure names the revocation whose receipt counts the socket; what no closure tells of is closed after."""
        self._ring()
        gives_up_at = self._clock() + LOG_SPEAKS_WITHIN_S
        while self._clock() < gives_up_at:
            cursor = self._currency.cursor
            if cursor is not None and not cursor.is_before(snapshot):
                return
            await asyncio.sleep(LOG_TICK_S)

    def _judge(self, entry: Entry, reading: Reading, via: Via | None) -> bool:
        brought_by = via or (Via.DEADLINE if entry in self._due else Via.RECHECK)
        self._due.discard(entry)
        return judge_recheck(
            entry,
            reading,
            registry=self._registry,
            currency=self._currency,
            deadlines=self._deadlines,
            via=brought_by,
        )


def _ended_early(reading: Reading) -> bool:
    if reading.record is None:
        return True
    state = state_of(reading.record)
    return isinstance(state, Dead) and state.reason not in _BY_THE_CLOCK


_BY_THE_CLOCK = frozenset({Reason.SESSION_EXPIRED, Reason.TOKEN_EXPIRED, Reason.SUPPORT_ACCESS_ENDED})
