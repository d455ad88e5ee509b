"""The way out of a connection: each frame in its turn, through the gate, to a transport that takes it."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

from app.realtime.metrics import FRAMES_HELD
from app.sockets.gate import Passage

__all__ = ["GateShut", "Sending"]


class GateShut(ClientDisconnected):
    """The frame was dropped, and so will be every later one; the task that sends has to end."""


class Sending:
    """What a `Transport` sends with. Without a gate it is mute: whoever sends gets `GateShut`."""

    __slots__ = ("_protocol", "_senders", "_told", "_turn", "gate")

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self._protocol = protocol
        self._senders = 0
        self._turn: asyncio.Lock | None = None
        self._told: asyncio.Future[None] | None = None
        self.gate: Callable[[], Passage] | None = None
        """Asked directly before each write, and again each time that a waiting sender is woken."""

    def gate_changed(self) -> None:
        """Waiting senders ask the gate again."""
        if self._told is not None and not self._told.done():
            self._told.set_result(None)

    async def send(self, message: str | bytes) -> None:
        """The message has been written: in its turn, to a transport that takes it, through an open gate.

        Raises:
            GateShut: it was dropped, since the gate is shut or we have closed.
            ClientDisconnected: the peer has gone.
        """
        if not self._senders and self._may_write():
            self._write(message)
        else:
            await self._send_in_turn(message)

    async def _send_in_turn(self, message: str | bytes) -> None:
        if self.gate is not None and self.gate() is Passage.WAIT:
            FRAMES_HELD.labels("out").inc()
        if self._turn is None:
            self._turn = asyncio.Lock()
        self._senders += 1
        try:
            async with self._turn:
                while not self._may_write():
                    self._told = self._protocol.loop.create_future()
                    await self._told
                self._write(message)
        finally:
            self._senders -= 1

    def _may_write(self) -> bool:
        protocol = self._protocol
        if protocol.close_sent:
            raise GateShut
        if protocol.disconnected or protocol.transport.is_closing():
            raise ClientDisconnected
        passage = self.gate() if self.gate is not None else Passage.SHUT
        if passage is Passage.SHUT:
            raise GateShut
        return passage is Passage.PASS and protocol.writable.is_set()

    def _write(self, message: str | bytes) -> None:
        protocol = self._protocol
        try:
            if isinstance(message, str):
                protocol.conn.send_text(message.encode())
            else:
                protocol.conn.send_binary(message)
        except InvalidState:
            raise ClientDisconnected from None
        protocol.transport.write(b"".join(protocol.conn.data_to_send()))
