"""The endpoint `/ws`: attach, verify, admit, and only then the 101 (R8); then a conversation until either side ends it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.config import Settings
from app.domain.errors import Forbidden, Unauthenticated
from app.realtime.connection import Connection, Receive
from app.realtime.handshake import presented_by
from app.realtime.holder import Holder
from app.realtime.opening import Opened, Opening
from app.realtime.refusal import FORBIDDEN, UNAUTHENTICATED, Refusal
from app.realtime.transport import transport_of

__all__ = ["Converse", "Gateway"]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Converse = Callable[[Connection, MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Gateway:
    """An ASGI application for WebSockets. `holder` is the node's registry with all that belongs to it.

    `converse` is what is said on an admitted socket, from the 101 on: ours is a `Conversation`.
    """

    def __init__(self, settings: Settings, *, holder: Holder, opening: Opening, converse: Converse) -> None:
        self._settings = settings
        self._holder = holder
        self._opening = opening
        self._converse = converse

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One connection, from the upgrade request until nothing is said any more; it is forgotten when it is gone."""
        transport = transport_of(scope)
        await receive()  # websocket.connect: there is nothing to be read from it
        opened = await self._open(scope)
        if isinstance(opened, Refusal):
            await opened.send(send)
            return
        connection = Connection(
            opened.entry,
            transport,
            self._holder.currency,
            address=opened.address,
            reading=opened.reading,
        )
        opened.entry.handle = connection
        transport.gate = connection.passage
        transport.grace_s = self._settings.close_grace.total_seconds()
        transport.on_shutdown = self._holder.begin_to_leave
        try:
            await self._converse(connection, scope, receive, send)
        finally:
            connection.when_gone(self._holder.forget)

    async def _open(self, scope: MutableMapping[str, Any]) -> Opened | Refusal:
        try:
            presented = presented_by(scope, self._settings)
        except Forbidden:
            return FORBIDDEN
        except Unauthenticated:
            return UNAUTHENTICATED
        return await self._opening.open(presented)
