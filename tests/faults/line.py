"""A TCP line that can be broken without either end being told: silent for a while, or dead for ever."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.clock import boot_seconds

CHUNK_BYTES = 65536
GONE_WITHIN_S = 5.0
LOOK_EVERY_S = 0.01


class Line:
    """A proxy before one port of this machine, on the running loop."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None] | None] = set()
        self.port = 0

    @property
    def is_carrying(self) -> bool:
        """Somebody is on it, or its transports are not closed yet."""
        return bool(self._carrying)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody is let in any more, and who was in has gone, which they do when the processes at their ends have."""
        self._server.close()
        self.restore()
        gives_up_at = boot_seconds() + GONE_WITHIN_S
        while self.is_carrying and boot_seconds() < gives_up_at:
            await asyncio.sleep(LOOK_EVERY_S)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Meanwhile nothing comes through, in old connections and new; then it does, late, as TCP sends it again."""
        self._flows.clear()
        try:
            yield
        finally:
            self.restore()

    def restore(self) -> None:
        self._flows.set()

    def kill_open(self) -> None:
        """What is open now stays open and dead for ever; new connections work."""
        self._dead |= self._open

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._carrying.add(task)
        try:
            await self._carry_both_ways(reader, writer)
        finally:
            # A turn later, for a transport that is given up is closed in the loop's next turn.
            asyncio.get_running_loop().call_soon(self._carrying.discard, task)

    async def _carry_both_ways(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            writer.transport.abort()
            return
        self._open.add(writer)
        there = asyncio.ensure_future(self._carry(reader, upstream, line=writer))
        back = asyncio.ensure_future(self._carry(upstream_reader, writer, line=writer))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            """The world ends; asyncio's server would complain about a task that says so."""
        finally:
            for direction in (there, back):
                direction.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            self._open.discard(writer)
            self._dead.discard(writer)
            writer.transport.abort()
            upstream.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        line: asyncio.StreamWriter,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._flows.wait()
                if line in self._dead:
                    continue
                writer.write(data)
            await self._flows.wait()
