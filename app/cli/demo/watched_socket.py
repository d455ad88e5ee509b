"""One real WebSocket, and what its client saw of its end."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from app.clock import boot_seconds

__all__ = ["Ended", "Refused", "WatchedSocket"]

OPEN_WITHIN_S = 10.0
ECHO_WITHIN_S = 3.0


class Refused(Exception):
    """The handshake was answered with `status`; `reason` is the word in the problem's body."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"the handshake was refused with {status} {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ended:
    """When the client learned of it, the code on the close frame (1006: there was none), and what it was told."""

    at: float
    code: int
    reason: str | None
    retry: str | None


class WatchedSocket:
    """Open from `open` on; `ended` says what became of it, None while it is open."""

    def __init__(self, connection: ClientConnection, token: str, url: str) -> None:
        self.token = token
        self.url = url
        self.ended: Ended | None = None
        self.is_over = asyncio.Event()
        self._connection = connection
        self._told: tuple[float, dict[str, Any]] | None = None
        self._echoes: dict[str, asyncio.Future[str]] = {}
        self._count = 0
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str, token: str) -> "WatchedSocket":
        """A socket that has been told `ready`. Raises: Refused."""
        headers = {"Authorization": f"Bearer {token}"}
        try:
            connection = await connect(
                url,
                additional_headers=headers,
                compression=None,
                ping_interval=None,
                open_timeout=OPEN_WITHIN_S,
                proxy=None,
            )
        except InvalidStatus as error:
            raise Refused(error.response.status_code, _reason_in(error.response.body)) from None
        first = json.loads(await asyncio.wait_for(connection.recv(), OPEN_WITHIN_S))
        if first["type"] != "ready":
            raise Refused(101, str(first.get("reason")))
        return cls(connection, token, url)

    async def echoes(self) -> bool:
        """Whether a message goes there and back."""
        self._count += 1
        message_id = str(self._count)
        answer = self._echoes[message_id] = asyncio.get_running_loop().create_future()
        try:
            await self._connection.send(json.dumps({"type": "echo", "id": message_id, "payload": message_id}))
            return bool(await asyncio.wait_for(answer, ECHO_WITHIN_S) == "echo")
        except (WebSocketException, TimeoutError):
            return False

    async def leave(self) -> None:
        """The client goes; nothing that happens to the socket now counts."""
        self._reading.cancel()
        await self._connection.close()

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                self._take(json.loads(text))
        except WebSocketException:
            pass
        at, told = self._told or (boot_seconds(), {})
        code = self._connection.close_code
        self.ended = Ended(at, 1006 if code is None else code, told.get("reason"), told.get("retry"))
        self.is_over.set()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "closing":
            self._told = (boot_seconds(), message)
        waiting = self._echoes.pop(str(message.get("id")), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message["type"])


def _reason_in(body: bytes | bytearray | None) -> str:
    try:
        problem = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(problem.get("reason", "")) if isinstance(problem, dict) else ""
