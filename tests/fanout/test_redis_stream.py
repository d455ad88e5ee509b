import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from app.clock import boot_seconds
from app.embedded import RedisServer
from app.fanout.redis_address import RedisAddress
from app.fanout.redis_stream import (
    MAX_BUFFERED_BYTES,
    TURN_S,
    Frame,
    RedisRefusedError,
    RedisStream,
    dial,
)
from tests.fanout.listening import eventually
from tests.fanout.tcp_server import tcp_server


@contextlib.asynccontextmanager
async def dialled(url: str, on_frame: Callable[[Frame], None]) -> AsyncIterator[RedisStream]:
    stream = await dial(RedisAddress.parse(url), on_frame, timeout_s=5)
    try:
        yield stream
    finally:
        stream.abort("done")


@contextlib.asynccontextmanager
async def server_that_says(*chunks: bytes) -> AsyncIterator[str]:
    """A server that is no Redis; it says that much and then waits."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for chunk in chunks:
            writer.write(chunk)
            await asyncio.sleep(0)
        await reader.read()

    async with tcp_server(serve) as port:
        yield f"redis://127.0.0.1:{port}"


async def test_frames_come_in_order_as_redis_sends_them(redis: RedisServer) -> None:
    frames: list[Frame] = []
    async with dialled(redis.url, frames.append) as stream:
        stream.send("PING")
        stream.send("ECHO", b"\x00\xff")
        stream.send("NONSENSE")
        await eventually(lambda: len(frames) == 3)
    assert frames[:2] == [b"PONG", b"\x00\xff"]
    assert "NONSENSE" in str(frames[2])


async def test_frames_that_take_long_leave_others_their_turns_and_come_in_order() -> None:
    frames: list[Frame] = []
    largest, taken = 0, 0
    said = b"".join(b":%d\r\n" % number for number in range(200))

    def take(frame: Frame) -> None:
        frames.append(frame)
        done_at = boot_seconds() + TURN_S / 4
        while boot_seconds() < done_at:
            pass

    async with server_that_says(said, b":200\r\n") as url, dialled(url, take):
        while len(frames) <= 200:
            await asyncio.sleep(0)
            largest, taken = max(largest, len(frames) - taken), len(frames)
    assert frames == list(range(201))
    assert largest <= 2 * 4


async def test_a_thousand_short_frames_at_once_come_in_order() -> None:
    frames: list[Frame] = []
    async with (
        server_that_says(b"".join(b":%d\r\n" % number for number in range(1_000))) as url,
        dialled(url, frames.append),
    ):
        await eventually(lambda: len(frames) == 1_000)
    assert frames == list(range(1_000))


async def test_a_frame_in_pieces_is_one_frame() -> None:
    frames: list[Frame] = []
    async with server_that_says(b"*2\r\n$1\r", b"\na\r\n:", b"7\r\n") as url, dialled(url, frames.append):
        await eventually(lambda: frames == [[b"a", 7]])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol_error"),
        (b"$900000000\r\n" + b"x" * (MAX_BUFFERED_BYTES + 1), "frame_too_large"),
    ],
)
async def test_what_is_no_frame_or_too_large_ends_the_connection(said: bytes, why: str) -> None:
    frames: list[Frame] = []
    async with server_that_says(said) as url, dialled(url, frames.append) as stream:
        assert await asyncio.wait_for(stream.lost, 5) == why
    assert frames == []


async def test_nothing_is_handed_on_after_an_abort() -> None:
    frames: list[Frame] = []
    async with server_that_says(b"+a\r\n+b\r\n") as url:
        stream = await dial(RedisAddress.parse(url), lambda _: None, timeout_s=5)

        def take(frame: Frame) -> None:
            frames.append(frame)
            stream.abort("enough")

        stream.on_frame = take
        assert await stream.lost == "enough"
        stream.send("PING")
    assert frames == [b"a"]


async def test_an_abort_does_not_wait_for_a_peer_that_does_not_read() -> None:
    aborted, received = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def read_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await aborted.wait()
        total = 0
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 20):
                total += len(data)
        received.set_result(total)

    sent = 50_000_000
    async with tcp_server(read_late) as port:
        stream = await dial(RedisAddress.parse(f"redis://127.0.0.1:{port}"), print, timeout_s=5)
        stream.send("ECHO", b"x" * sent)
        stream.abort("enough")
        aborted.set()
        assert await asyncio.wait_for(received, 5) < sent


async def test_a_wrong_password_is_a_refusal(redis: RedisServer) -> None:
    with pytest.raises(RedisRefusedError, match="WRONGPASS"):
        await dial(RedisAddress.parse(f"redis://:no@127.0.0.1:{redis.port}"), print, timeout_s=5)


async def test_a_frozen_redis_is_given_up_in_time(redis: RedisServer) -> None:
    redis.freeze()
    with pytest.raises(TimeoutError):
        await dial(RedisAddress.parse(redis.url), print, timeout_s=0.1)


async def test_a_server_that_hangs_up_at_the_password_is_an_error() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with tcp_server(hang_up) as port:
        with pytest.raises(ConnectionError):
            await dial(RedisAddress.parse(f"redis://:p@127.0.0.1:{port}"), print, timeout_s=5)
