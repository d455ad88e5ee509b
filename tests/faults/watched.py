"""One real WebSocket that sends an echo request all the time and notes when a frame last came, and how it ended."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from app.clock import boot_seconds

OPEN_WITHIN_S = 10.0
ABNORMAL = 1006
SILENT_END = 101
"""The upgrade was answered, and then the socket closed before its `ready`."""


class Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake was refused with {status}")
        self.status = status


class Watched:
    """Opened by `open`. `ended_at` and `code` are None as long as it is open."""

    def __init__(self, connection: ClientConnection, *, node: str, every_s: float) -> None:
        self.node = node
        self.last_frame_at = boot_seconds()
        self.worst_gap_s = 0.0
        self.ended_at: float | None = None
        self.code: int | None = None
        self.closing: dict[str, Any] | None = None
        self.problems: list[str] = []
        self._connection = connection
        self._every_s = every_s
        self._asked = 0
        self._answered = 0
        self._over = asyncio.Event()
        self._tasks = [asyncio.create_task(self._talk()), asyncio.create_task(self._read())]

    @classmethod
    async def open(cls, url: str, token: str, *, node: str, every_s: float) -> "Watched":
        """Raises: Refused."""
        try:
            connection = await connect(
                url,
                additional_headers={"Authorization": f"Bearer {token}"},
                compression=None,
                ping_interval=None,
                open_timeout=OPEN_WITHIN_S,
                proxy=None,
            )
        except InvalidStatus as error:
            raise Refused(error.response.status_code) from None
        try:
            first = json.loads(await asyncio.wait_for(connection.recv(), OPEN_WITHIN_S))
        except WebSocketException:
            raise Refused(SILENT_END) from None
        if first["type"] != "ready":
            connection.transport.abort()
            raise Refused(SILENT_END)
        return cls(connection, node=node, every_s=every_s)

    async def over(self) -> None:
        await self._over.wait()

    async def speaks(self, within_s: float) -> bool:
        """Whether something that is asked from now on is answered."""
        asked, gives_up_at = self._asked, boot_seconds() + within_s
        while self._answered <= asked and self.code is None and boot_seconds() < gives_up_at:
            await asyncio.sleep(0.02)
        return self._answered > asked

    def forget_gaps(self) -> None:
        self.worst_gap_s = 0.0

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._connection.transport.abort()

    async def _talk(self) -> None:
        try:
            while True:
                self._asked += 1
                await self._connection.send(json.dumps({"type": "echo", "id": self._asked}))
                await asyncio.sleep(self._every_s)
        except WebSocketException:
            return

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                self._take(json.loads(text))
        except WebSocketException:
            pass
        code = self._connection.close_code
        self.ended_at, self.code = boot_seconds(), ABNORMAL if code is None else code
        self._over.set()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "closing":
            self.closing = message
            return
        now = boot_seconds()
        self.worst_gap_s = max(self.worst_gap_s, now - self.last_frame_at)
        self.last_frame_at = now
        if self.closing is not None:
            self.problems.append("a frame came after the closing message")
        if message.get("id") != self._answered + 1:
            self.problems.append(f"answer {message.get('id')} came after answer {self._answered}")
        self._answered = message.get("id", self._answered)
