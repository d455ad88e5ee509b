"""A light WebSocket for the soak: with which code it was closed, and when the last frame came that was not about that."""

import asyncio
from dataclasses import dataclass

from app.clock import boot_seconds
from benchmarks.light_websocket import LightWebSocket

ABNORMAL = 1006
CLOSING = b'{"type":"closing"'


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


class LightSocket(LightWebSocket):
    """Open as soon as `ready` has come; `code` is None as long as it is open."""

    __slots__ = ("_opened", "answered", "code", "last_frame_at")

    def __init__(self, place: Place) -> None:
        super().__init__(place.url, token=place.token)
        self.last_frame_at = 0.0
        self.answered = 0
        self.code: int | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, place: Place) -> "LightSocket":
        """Raises: Refused, OSError."""
        socket = cls(place)
        await socket.connect()
        await socket._opened
        return socket

    def echo(self) -> None:
        """Asks for one; nothing happens if it has closed."""
        self.say(b'{"type":"echo","id":1}')

    def on_refused(self, status: int, _line: str) -> None:
        self._opened.set_exception(Refused(status))

    def on_end(self, code: int) -> None:
        if self.code is None:
            self.code = code or ABNORMAL
        if not self._opened.done():
            self._opened.set_exception(ConnectionResetError())

    def on_text(self, payload: bytes) -> None:
        if payload.startswith(CLOSING):
            return
        self.last_frame_at = boot_seconds()
        self.answered += 1
        if not self._opened.done():
            self._opened.set_result(None)
