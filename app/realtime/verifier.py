"""Verifies the credentials of sockets that are opening: one read each, several in one statement when many open at once."""

import asyncio
from collections import deque
from collections.abc import Callable

from app.domain.errors import Unavailable
from app.realtime.read_connection import ReadConnection
from app.realtime.reads import read_credentials
from app.sockets.admission import Reading
from app.sockets.currency import Currency
from app.sockets.entry import Entry

__all__ = ["Verifier"]

BATCH = 200
TIMEOUT_S = 2.0


class Verifier:
    """A few connections that work off the openings; whoever waits longest is read first.

    An entry is attached before it is handed in, and the statement is sent after that (R8).
    """

    def __init__(
        self, connections: list[ReadConnection], *, currency: Currency, clock: Callable[[], float]
    ) -> None:
        self._connections = connections
        self._currency = currency
        self._clock = clock
        self._waiting: deque[tuple[Entry, asyncio.Future[Reading]]] = deque()
        self._wanted = asyncio.Event()

    async def verify(self, entry: Entry) -> Reading:
        """What a read that was sent after this call returned. Raises: Unavailable when there was none in time."""
        answered: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, answered))
        self._wanted.set()
        return await answered

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for connection in self._connections:
                group.create_task(self._work(connection))

    async def _work(self, connection: ReadConnection) -> None:
        while True:
            await self._wanted.wait()
            batch = self._take()
            if batch:
                await self._read(connection, batch)

    def _take(self) -> list[tuple[Entry, asyncio.Future[Reading]]]:
        batch: list[tuple[Entry, asyncio.Future[Reading]]] = []
        while self._waiting and len(batch) < BATCH:
            entry, answered = self._waiting.popleft()
            if not answered.done():
                batch.append((entry, answered))
        if not self._waiting:
            self._wanted.clear()
        return batch

    async def _read(
        self, connection: ReadConnection, batch: list[tuple[Entry, asyncio.Future[Reading]]]
    ) -> None:
        entries = [entry for entry, _ in batch]
        try:
            readings = await read_credentials(
                connection, entries, epoch=self._currency.epoch, clock=self._clock, within_s=TIMEOUT_S
            )
        except Unavailable as unavailable:
            for _, answered in batch:
                if not answered.done():
                    answered.set_exception(unavailable)
            return
        for (_, answered), (_, reading) in zip(batch, readings, strict=True):
            if not answered.done():
                answered.set_result(reading)
