"""Pings what is idle and closes what is silent: 4003. It rests while the node, or a gate, holds: nothing is read then."""

import asyncio
from collections.abc import Callable

from app.config import Settings
from app.domain.closing import Closing, Reason, closing_for_reason
from app.realtime.connection import Connection
from app.realtime.holder import Holder
from app.sockets.entry import Entry
from app.sockets.gate import Passage
from app.sockets.registry import Via

__all__ = ["Heartbeat"]

TICK_S = 0.1
TICKS_A_ROUND = 10
"""Every socket is looked at once a second, a tenth of them at a time: nobody else is served meanwhile."""


class Heartbeat:
    """One a node, for all its sockets."""

    def __init__(self, settings: Settings, *, holder: Holder, clock: Callable[[], float]) -> None:
        self._interval_s = settings.heartbeat_interval.total_seconds()
        self._timeout_s = settings.heartbeat_timeout.total_seconds()
        self._holder = holder
        self._clock = clock
        self._listening_since = clock()

    async def run(self) -> None:
        """Until cancelled."""
        round_of: list[Entry] = []
        while True:
            await asyncio.sleep(TICK_S)
            now = self._clock()
            if not self._holder.currency.lets_pass(now):
                self._listening_since = now + TICK_S
                continue
            if not round_of:
                round_of = [
                    entry for entry in self._holder.registry if entry.is_admitted and entry.closing is None
                ]
            size = len(self._holder.registry) // TICKS_A_ROUND + 1
            turn, round_of = round_of[:size], round_of[size:]
            self.look_at(turn, now)

    def look_at(self, entries: list[Entry], now: float) -> None:
        """The silent are closed, the idle are pinged."""
        silent = []
        for entry in entries:
            connection = entry.handle
            if entry.closing is not None or not isinstance(connection, Connection):
                continue
            if now - connection.transport.last_heard_at < self._interval_s:
                continue
            if connection.passage() is Passage.WAIT:
                connection.listening_since = now
            heard_at = max(
                connection.transport.last_heard_at, connection.listening_since, self._listening_since
            )
            if now - heard_at >= self._timeout_s:
                silent.append(entry)
            elif now - max(heard_at, connection.last_ping_at) >= self._interval_s:
                connection.last_ping_at = now
                connection.transport.ping()
        self._holder.registry.shut(silent, _silent, via=Via.NODE)


def _silent(entry: Entry) -> Closing:
    return closing_for_reason(Reason.HEARTBEAT_TIMEOUT, entry.credential_type)
