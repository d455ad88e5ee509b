"""A TCP proxy on which the line goes dead: connections stay open, and nothing comes through any more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.fanout.tcp_server import tcp_server


@dataclass
class SilentProxy:
    upstream_port: int
    drops: bytes | None = None
    """Only what comes from the server and contains this is dropped; None drops nothing."""
    _dead: set[asyncio.StreamWriter] = field(default_factory=set)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def go_silent(self) -> None:
        """What is open now is dead for ever; new connections work."""
        self._dead |= self._open

    @property
    def connections(self) -> int:
        return len(self._open)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        self._open.add(writer)
        try:
            await asyncio.gather(
                self._carry(reader, upstream_writer, line=writer),
                self._carry(upstream_reader, writer, line=writer, drops=True),
            )
        finally:
            self._open.discard(writer)
            self._dead.discard(writer)
            upstream_writer.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        line: asyncio.StreamWriter,
        drops: bool = False,
    ) -> None:
        while data := await reader.read(65536):
            unwanted = drops and self.drops is not None and self.drops in data
            if line not in self._dead and not unwanted:
                writer.write(data)
        raise ConnectionResetError


@contextlib.asynccontextmanager
async def silent_proxy(url: str) -> AsyncIterator[tuple[SilentProxy, str]]:
    """A proxy before the Redis of that URL, and the URL that goes through it."""
    port = urlsplit(url).port
    assert port is not None
    proxy = SilentProxy(port)
    async with tcp_server(proxy.serve) as proxy_port:
        yield proxy, url.replace(f":{port}", f":{proxy_port}")
