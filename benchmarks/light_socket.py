"""A WebSocket client that costs next to nothing: as much of RFC 6455, and of Socket.IO, as a benchmark needs."""

import asyncio
import base64
import os
from collections import deque
from typing import cast
from urllib.parse import urlsplit

from app.clock import boot_seconds

__all__ = ["LightSocket"]

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
# A mask of zeros is a mask, and changes nothing.
NO_MASK = b"\0\0\0\0"
OUR_ECHO = b'{"type":"echo","id":1,"payload":"."}'
SOCKETIO_ECHO = b'42["e","."]'


class LightSocket(asyncio.Protocol):
    """`closed_at` is when its close frame came, or its connection ended without one; None while it is open."""

    __slots__ = (
        "_asked",
        "_buffer",
        "_is_upgraded",
        "_transport",
        "_url",
        "closed_at",
        "code",
        "opened",
        "round_trips",
        "speaks_socketio",
        "token",
    )

    def __init__(self, url: str, *, token: str, speaks_socketio: bool) -> None:
        self.token = token
        self.speaks_socketio = speaks_socketio
        self.closed_at: float | None = None
        self.code = 0
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.round_trips: list[tuple[float, float]] = []
        """Of each echo that came back: when it was asked for, and how long it took."""
        self._asked: deque[float] = deque()
        self._url = urlsplit(url)
        self._buffer = bytearray()
        self._is_upgraded = False
        self._transport: asyncio.Transport | None = None

    async def open(self) -> None:
        """It has been told that it is ready. Raises: OSError, which a refusal is too."""
        host, port = self._url.hostname, self._url.port
        assert host
        assert port
        await asyncio.get_running_loop().create_connection(lambda: self, host, port)
        await self.opened

    def echo(self) -> None:
        """One is asked for; nothing happens if it has closed."""
        if self.closed_at is None:
            self._asked.append(boot_seconds())
            self._send(TEXT, SOCKETIO_ECHO if self.speaks_socketio else OUR_ECHO)

    def leave(self) -> None:
        """Gone, without a word."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        target = f"{self._url.path or '/'}?{self._url.query}" if self._url.query else self._url.path
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {self._url.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        self._transport.write("\r\n".join((*lines, "", "")).encode())

    def data_received(self, data: bytes) -> None:
        """Any number of frames, or a part of one."""
        self._buffer += data
        if not self._is_upgraded and not self._take_answer():
            return
        while (frame := self._next_frame()) is not None:
            self._take(*frame)

    def connection_lost(self, _error: Exception | None) -> None:
        """Without a close frame, this was the end."""
        self._transport = None
        self._end(0)
        if not self.opened.done():
            self.opened.set_exception(ConnectionResetError("closed before it was ready"))

    def _take_answer(self) -> bool:
        head, separator, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not separator:
            return False
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            self.opened.set_exception(ConnectionRefusedError(head.split(b"\r\n", 1)[0].decode()))
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
        if opcode == TEXT:
            self._take_text(payload)
        elif opcode == PING:
            self._send(PONG, payload)
        elif opcode == CLOSE:
            self._end(int.from_bytes(payload[:2], "big"))
            self._send(CLOSE, payload[:2])
            assert self._transport is not None
            self._transport.close()

    def _take_text(self, payload: bytes) -> None:
        if self.speaks_socketio and payload[:2] != b"42":
            self._take_control(payload)
        elif not self.opened.done():
            self.opened.set_result(None)
        elif self._asked and not payload.startswith(b'{"type":"closing"'):
            asked_at = self._asked.popleft()
            self.round_trips.append((asked_at, boot_seconds() - asked_at))

    def _take_control(self, payload: bytes) -> None:
        """Engine.IO's handshake and pings; and Socket.IO's word that we are connected, or are to go.

        A client leaves on that word, and some servers wait for it; so it counts as the end.
        """
        if payload[:1] == b"0":
            self._send(TEXT, b"40")
        elif payload == b"2":
            self._send(TEXT, b"3")
        elif payload[:2] == b"40" and not self.opened.done():
            self.opened.set_result(None)
        elif payload[:2] == b"41" or payload == b"1":
            self._end(0)
            assert self._transport is not None
            self._transport.close()

    def _end(self, code: int) -> None:
        if self.closed_at is None:
            self.closed_at = boot_seconds()
            self.code = code

    def _send(self, opcode: int, payload: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(bytes((0x80 | opcode, 0x80 | len(payload))) + NO_MASK + payload)
