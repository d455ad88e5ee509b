"""A WebSocket client that costs next to nothing, so that thousands fit into one process: as much of RFC 6455 as it takes."""

import asyncio
import base64
import os
from typing import cast
from urllib.parse import urlsplit

__all__ = ["LightWebSocket"]

SWITCHING_PROTOCOLS = 101
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
# A mask of zeros is a mask, and changes nothing.
NO_MASK = b"\0\0\0\0"


class LightWebSocket(asyncio.Protocol):
    """Handshake, frames, pongs and the answer to a close. What a message, a refusal or the end means is a subclass's."""

    __slots__ = ("_buffer", "_is_upgraded", "_token", "_transport", "_url")

    def __init__(self, url: str, *, token: str) -> None:
        self._url = urlsplit(url)
        self._token = token
        self._buffer = bytearray()
        self._is_upgraded = False
        self._transport: asyncio.Transport | None = None

    async def connect(self) -> None:
        """The server has been asked. Raises: OSError."""
        host, port = self._url.hostname, self._url.port
        assert host
        assert port
        await asyncio.get_running_loop().create_connection(lambda: self, host, port)

    def say(self, text: bytes) -> None:
        """Sent, short as it is; nothing happens if it has closed."""
        self._send(TEXT, text)

    def close(self) -> None:
        """The connection ends when what was said is sent."""
        if self._transport is not None:
            self._transport.close()

    def leave(self) -> None:
        """Gone, without a word."""
        if self._transport is not None:
            self._transport.abort()

    def on_text(self, payload: bytes) -> None:
        """A message has come."""
        raise NotImplementedError

    def on_refused(self, status: int, line: str) -> None:
        """The handshake was answered with that status; the connection is being reset."""
        raise NotImplementedError

    def on_end(self, code: int) -> None:
        """A close frame has come (0: without a code); or the connection is gone (0), also after a close frame."""
        raise NotImplementedError

    # asyncio.Protocol ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        # uvloop's are no subclass of it.
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
        if self._token:
            lines.append(f"Authorization: Bearer {self._token}")
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
        self.on_end(0)

    # Within ----------------------------------------------------------------------------------------------

    def _take_answer(self) -> bool:
        head, separator, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not separator:
            return False
        line = head.split(b"\r\n", 1)[0].decode()
        status = int(line.split(" ", 2)[1])
        if status != SWITCHING_PROTOCOLS:
            self.on_refused(status, line)
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
            self.on_text(payload)
        elif opcode == PING:
            self._send(PONG, payload)
        elif opcode == CLOSE:
            self.on_end(int.from_bytes(payload[:2], "big"))
            self._send(CLOSE, payload[:2])
            self.close()

    def _send(self, opcode: int, payload: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(bytes((0x80 | opcode, 0x80 | len(payload))) + NO_MASK + payload)
