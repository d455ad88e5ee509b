"""A line between two ends."""

import asyncio

from tests.faults.line import Line


async def test_when_it_has_stopped_both_ends_have_gone():
    heard, gone = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        heard.set()
        await reader.read()
        gone.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        line = Line(server.sockets[0].getsockname()[1])
        await line.start()
        _reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"x")
        await heard.wait()
        writer.close()
        await line.stop()
        assert not line.is_carrying
        await asyncio.wait_for(gone.wait(), 1)
