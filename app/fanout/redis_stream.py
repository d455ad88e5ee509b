"""One connection to Redis on the event loop: commands out, each frame handed on as it comes, and an end that is noticed.

Our own instead of redis-py's PubSub: that one can spin on ETIMEDOUT without yielding, re-subscribes without
a word, takes a half-open connection for a healthy one, and costs three times as much for a message.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import hiredis

from app.clock import boot_seconds
from app.fanout.redis_address import RedisAddress

__all__ = ["Frame", "RedisRefusedError", "RedisStream", "ask", "dial"]

MAX_BUFFERED_BYTES = 1024 * 1024
"""A frame that is longer ends the connection, rather than fill the memory."""

TURN_S = 0.002
"""For so long frames are handed on in one turn of the event loop, one at least: a message may close many sockets."""

Frame = Any
"""What a reply is made of: bytes, int, None, a list of those, or a `hiredis.ReplyError`."""


class RedisRefusedError(Exception):
    """Redis answered, and the answer was no."""


class RedisStream(asyncio.Protocol):
    """A connection in RESP2, whose frames go to `on_frame` on the loop; `lost` is done when it is over."""

    def __init__(self, on_frame: Callable[[Frame], None]) -> None:
        self.on_frame = on_frame
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reader = hiredis.Reader()
        self._buffered_bytes = 0
        self._has_more = False
        self._is_paused = False
        self._transport: asyncio.Transport | None = None

    def send(self, *command: str | bytes) -> None:
        """The command is on its way; nothing happens on a connection that is over."""
        if self._transport is not None and not self.lost.done():
            self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type] # its stub allows one argument

    def abort(self, why: str) -> None:
        """The connection is over, at once and without waiting for the peer; `lost` says why."""
        if not self.lost.done():
            self.lost.set_result(why)
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """For asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """For asyncio: hands on each frame that is complete, some now and the rest in the loop's next turns."""
        self._buffered_bytes += len(data)
        self._reader.feed(data)
        if not self._has_more:
            self._hand_on()

    def _hand_on(self) -> None:
        """In a storm a node's sockets have their turn too: nothing more is read until what has come is handed on."""
        ends_at = boot_seconds() + TURN_S
        self._has_more = True
        try:
            while self._hand_on_one():
                if boot_seconds() >= ends_at:
                    break
            else:
                self._has_more = False
        except hiredis.ProtocolError:
            self.abort("protocol_error")
        if self._buffered_bytes > MAX_BUFFERED_BYTES:
            self.abort("frame_too_large")
        if self._has_more or self._is_paused:
            self._read_on_or_come_back()

    def _hand_on_one(self) -> bool:
        """Whether there may be another. Nearly always a frame comes alone: then nothing is asked twice."""
        if self.lost.done() or (frame := self._reader.gets()) is False:
            return False
        self._buffered_bytes = 0
        self.on_frame(frame)
        return self._reader.has_data()

    def _read_on_or_come_back(self) -> None:
        assert self._transport is not None
        if self.lost.done():
            return
        self._is_paused = self._has_more
        if self._has_more:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._hand_on)
        else:
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """For asyncio."""
        if not self.lost.done():
            self.lost.set_result("closed_by_peer" if exc is None else type(exc).__name__)


async def dial(address: RedisAddress, on_frame: Callable[[Frame], None], *, timeout_s: float) -> RedisStream:
    """An authenticated connection. Raises: OSError, TimeoutError, RedisRefusedError."""
    async with asyncio.timeout(timeout_s):
        stream = await _connect(address)
        try:
            await _authenticate(stream, address)
        except BaseException:
            stream.abort("not_authenticated")
            raise
    stream.on_frame = on_frame
    return stream


async def ask(address: RedisAddress, *command: str, timeout_s: float) -> Frame:
    """The answer to one command, on a connection of its own. Raises: OSError, TimeoutError, RedisRefusedError."""
    async with asyncio.timeout(timeout_s):
        stream = await dial(address, _ignore, timeout_s=timeout_s)
        try:
            return await _answer(stream, *command)
        finally:
            stream.abort("answered")


async def _connect(address: RedisAddress) -> RedisStream:
    loop = asyncio.get_running_loop()
    if address.path is not None:
        return (await loop.create_unix_connection(lambda: RedisStream(_ignore), address.path))[1]
    tls, host = address.tls, address.host
    return (await loop.create_connection(lambda: RedisStream(_ignore), host, address.port, ssl=tls))[1]


async def _authenticate(stream: RedisStream, address: RedisAddress) -> None:
    if address.authentication is not None:
        await _answer(stream, *address.authentication)


async def _answer(stream: RedisStream, *command: str) -> Frame:
    answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
    stream.on_frame = answer.set_result
    stream.send(*command)
    await asyncio.wait({answer, stream.lost}, return_when=asyncio.FIRST_COMPLETED)
    if not answer.done():
        raise ConnectionError(stream.lost.result())
    if isinstance(answer.result(), hiredis.ReplyError):
        raise RedisRefusedError(str(answer.result()))
    return answer.result()


def _ignore(frame: Frame) -> None:
    """Before anything was asked there is nothing to hear."""
