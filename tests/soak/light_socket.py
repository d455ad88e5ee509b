"""A WebSocket client that costs next to nothing, so that thousands fit into one process: RFC 6455 as far as we need it."""

import asyncio
import base64
import os
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from app.clock import boot_seconds

ABNORMAL = 1006
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
CLOSING = b'{"type":"closing"'
# A mask of zeros is a mask, and changes nothing.
NO_MASK = b"\0\0\0\0"


class Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake was answered with {status}")
        self.status = status


@dataclass(slots=True)
class Place:
    """Where and as whom."""

    key: str
    token: str
    url: str


class LightSocket(asyncio.Protocol):
    """Open as soon as `ready` has come; `code` is None as long as it is open."""

    __slots__ = (
        "_buffer",
        "_is_upgraded",
        "_opened",
        "_transport",
        "answered",
        "code",
        "last_frame_at",
        "place",
    )

    def __init__(self, place: Place) -> None:
        self.place = place
        self.last_frame_at = 0.0
        self.answered = 0
        self.code: int | None = None
        self._buffer = bytearray()
        self._is_upgraded = False
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, place: Place) -> "LightSocket":
        """Raises: Refused, OSError."""
        address = urlsplit(place.url)
        assert address.hostname
        assert address.port
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(lambda: cls(place), address.hostname, address.port)
        await socket._opened
        return socket

    def echo(self) -> None:
        """Asks for one; nothing happens if it has closed."""
        self._send(TEXT, b'{"type":"echo","id":1}')

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclass of it.
        self._transport = cast("asyncio.Transport", transport)
        address = urlsplit(self.place.url)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {address.path} HTTP/1.1",
            f"Host: {address.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            f"Authorization: Bearer {self.place.token}",
        )
        self._transport.write("\r\n".join((*lines, "", "")).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_upgraded and not self._take_the_answer():
            return
        while (frame := self._next_frame()) is not None:
            self._take(*frame)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self.code is None:
            self.code = ABNORMAL
        if not self._opened.done():
            self._opened.set_exception(ConnectionResetError())

    # Within ----------------------------------------------------------------------------------------------

    def _take_the_answer(self) -> bool:
        head, separator, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not separator:
            return False
        status = int(head.split(b" ", 2)[1])
        if status != 101:
            self._opened.set_exception(Refused(status))
            self.leave()
            return False
        self._buffer = bytearray(rest)
        self._is_upgraded = True
        return True

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            length = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + length:
            return None
        frame = buffer[0] & 0x0F, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return frame

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._send(PONG, payload)
        elif opcode == CLOSE:
            self.code = int.from_bytes(payload[:2], "big") or ABNORMAL
            self._send(CLOSE, payload[:2])
            assert self._transport is not None
            self._transport.close()
        elif not payload.startswith(CLOSING):
            self.last_frame_at = boot_seconds()
            self.answered += 1
            if not self._opened.done():
                self._opened.set_result(None)

    def _send(self, opcode: int, payload: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(bytes((0x80 | opcode, 0x80 | len(payload))) + NO_MASK + payload)
