"""A WebSocket client without manners: it reads, answers and hangs up only when told to."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from app.realtime.tcp import RESET_ON_CLOSE
from tests.realtime.served import WITHIN_S

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
SMALL_BUFFER_BYTES = 4096
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Listening(Protocol):
    @property
    def port(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Frame:
    opcode: int
    payload: bytes

    @property
    def text(self) -> str:
        return self.payload.decode()

    @property
    def code(self) -> int:
        return int.from_bytes(self.payload[:2], "big")


@dataclass(frozen=True, slots=True)
class Remains:
    """Everything that was still to be read, and whether it ended in a reset."""

    data: bytes
    was_reset: bool


class RawPeer:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._unparsed = b""

    async def read_response(self) -> bytes:
        while b"\r\n\r\n" not in self._unparsed:
            await self._more()
        head, _, self._unparsed = self._unparsed.partition(b"\r\n\r\n")
        return head

    async def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True) -> None:
        await self.send_bytes(frame_bytes(opcode, payload, fin=fin))

    async def send_bytes(self, data: bytes) -> None:
        await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(self._sock, data), WITHIN_S)

    async def send_close(self, code: int) -> None:
        await self.send(CLOSE, code.to_bytes(2, "big"))

    async def read(self) -> Frame:
        """The next frame; servers send them unfragmented and unmasked."""
        first, second = await self._take(2)
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(await self._take(2 if length == 126 else 8), "big")
        return Frame(opcode=first & 0x0F, payload=await self._take(length))

    async def read_to_end(self) -> Remains:
        try:
            while True:
                await self._more()
        except ConnectionResetError:
            return Remains(self._unparsed, was_reset=True)
        except EOFError:
            return Remains(self._unparsed, was_reset=False)

    def hang_up(self) -> None:
        self._sock.close()

    def reset(self) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._sock.close()

    def half_close(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    async def _take(self, size: int) -> bytes:
        while len(self._unparsed) < size:
            await self._more()
        taken, self._unparsed = self._unparsed[:size], self._unparsed[size:]
        return taken

    async def _more(self) -> None:
        data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self._sock, 65536), WITHIN_S)
        if not data:
            raise EOFError
        self._unparsed += data


def frame_bytes(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """A masked frame, as clients send them."""
    mask = os.urandom(4)
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 65536:
        size = bytes([0x80 | 126]) + length.to_bytes(2, "big")
    else:
        size = bytes([0x80 | 127]) + length.to_bytes(8, "big")
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([(0x80 if fin else 0) | opcode]) + size + mask + masked


@asynccontextmanager
async def connected_peer(
    server: Listening, *, small_buffer: bool = False, token: str = ""
) -> AsyncIterator[RawPeer]:
    """A peer that has sent its handshake, with that bearer token if any, and read nothing yet."""
    with socket.socket() as sock:
        sock.setblocking(False)
        if small_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
        peer = RawPeer(sock)
        credential = f"Authorization: Bearer {token}\r\n".encode() if token else b""
        await peer.send_bytes(HANDSHAKE + credential + b"\r\n")
        yield peer
