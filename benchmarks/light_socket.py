"""A light WebSocket that notes when it was closed and how long its echoes took; it speaks Socket.IO's protocol too."""

import asyncio
from collections import deque

from app.clock import boot_seconds
from benchmarks.light_websocket import LightWebSocket

__all__ = ["LightSocket"]

OUR_ECHO = b'{"type":"echo","id":1,"payload":"."}'
SOCKETIO_ECHO = b'42["e","."]'


class LightSocket(LightWebSocket):
    """`closed_at` is when its close frame came, or its connection ended without one; None while it is open."""

    __slots__ = ("_asked", "_opened", "_speaks_socketio", "closed_at", "round_trips")

    def __init__(self, url: str, *, token: str, speaks_socketio: bool) -> None:
        super().__init__(url, token=token)
        self.closed_at: float | None = None
        self.round_trips: list[tuple[float, float]] = []
        """Of each echo that came back: when it was asked for, and how long it took."""
        self._speaks_socketio = speaks_socketio
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked: deque[float] = deque()

    async def open(self) -> None:
        """It has been told that it is ready. Raises: OSError, which a refusal is too."""
        await self.connect()
        await self._opened

    def echo(self) -> None:
        """One is asked for; nothing happens if it has closed."""
        if self.closed_at is None:
            self._asked.append(boot_seconds())
            self.say(SOCKETIO_ECHO if self._speaks_socketio else OUR_ECHO)

    def on_refused(self, _status: int, line: str) -> None:
        """It never opens."""
        self._opened.set_exception(ConnectionRefusedError(line))

    def on_end(self, _code: int) -> None:
        """The first sign of it counts."""
        if self.closed_at is None:
            self.closed_at = boot_seconds()
        if not self._opened.done():
            self._opened.set_exception(ConnectionResetError("closed before it was ready"))

    def on_text(self, payload: bytes) -> None:
        """The first one says that we are ready; the others are echoes, or the last word before a close."""
        if self._speaks_socketio and payload[:2] != b"42":
            self._take_control(payload)
        elif not self._opened.done():
            self._opened.set_result(None)
        elif self._asked and not payload.startswith(b'{"type":"closing"'):
            asked_at = self._asked.popleft()
            self.round_trips.append((asked_at, boot_seconds() - asked_at))

    def _take_control(self, payload: bytes) -> None:
        """Engine.IO's handshake and pings; and Socket.IO's word that we are connected, or are to go.

        A client leaves on that word, and some servers wait for it; so it counts as the end.
        """
        if payload[:1] == b"0":
            self.say(b"40")
        elif payload == b"2":
            self.say(b"3")
        elif payload[:2] == b"40" and not self._opened.done():
            self._opened.set_result(None)
        elif payload[:2] == b"41" or payload == b"1":
            self.on_end(0)
            self.close()
