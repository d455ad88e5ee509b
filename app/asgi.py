"""The composition root of a node: what it depends on is built here, started in order and stopped in reverse."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.bridge import Bridge
from app.config import Settings, load_settings
from app.data.engine import Database
from app.domain.ids import RevocationId
from app.fanout.publisher import Publisher
from app.fanout.task_queue import TaskQueue
from app.http.api import build_api, finish
from app.http.deps import HttpDeps
from app.http.revoking import carry_out
from app.logs import set_up_logs
from app.realtime.node import Node
from app.realtime.refusal import NOT_FOUND
from app.realtime.self_test import check_uvicorn

__all__ = ["Application", "app"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SOCKET_PATH = "/ws"


class Application:
    """An ASGI application: HTTP goes to the API, `/ws` to the gateway. It is built when the server has started."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._parts: _Parts | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, or the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        parts = self._parts
        assert parts is not None  # the server begins to accept when start-up is complete
        if scope["type"] == "http":
            await parts.api(scope, receive, send)
        elif scope["path"] == SOCKET_PATH:
            await parts.node.gateway(scope, receive, send)
        else:
            await receive()
            await NOT_FOUND.send(send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            settings = self._settings or load_settings()
            set_up_logs(settings.env)
            check_uvicorn()
            parts = self._parts = _Parts(settings)
            await parts.node.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await parts.stop()
        await send({"type": "lifespan.shutdown.complete"})


class _Parts:
    """Everything that one node owns."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings, application_name="cutoff node")
        self.bridge = Bridge(self.database, threads=settings.pool_size)
        self.publisher = Publisher(settings)
        self.queue = TaskQueue(settings)
        self.node = Node(settings, bridge=self.bridge, publisher=self.publisher, carry_out=self._carry_out)
        self.deps = HttpDeps(
            settings=settings,
            bridge=self.bridge,
            enqueue=self.queue.enqueue_revocation,
            publisher=self.publisher,
            node=self.node,
        )
        self.api = build_api(self.deps)

    async def stop(self) -> None:
        """The sockets first, then what they stood on."""
        await finish(self.api)
        await self.node.stop()
        await self.bridge.close()
        self.queue.close()
        self.publisher.close()
        self.database.dispose()

    async def _carry_out(self, revocation_id: RevocationId) -> None:
        await carry_out(self.deps, revocation_id)


app = Application()
