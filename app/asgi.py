"""The composition root of a node: what it depends on is built here, started in order and stopped in reverse."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from app.bridge import Bridge
from app.config import Settings, load_settings
from app.data.engine import Database
from app.domain.errors import Unavailable
from app.domain.ids import RevocationId
from app.fanout.announcer import Announcer
from app.fanout.publisher import Publisher
from app.fanout.task_queue import TaskQueue
from app.http.api import build_api, finish
from app.http.deps import HttpDeps
from app.http.revoking import carry_out
from app.logs import set_up_logs
from app.logs.tracing import set_up_tracing, stop_tracing
from app.operations.find_missing_revision import find_missing_revision
from app.realtime.guest_life import AsgiApp
from app.realtime.guests import Guests
from app.realtime.node import Node
from app.realtime.refusal import NOT_FOUND
from app.realtime.self_test import check_http, check_uvicorn

__all__ = ["Application", "app"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SOCKET_PATH = "/ws"
LOOK_WITHIN_S = 10.0
"""A database that does not answer is no reason not to start: it may come later."""


class NotMigratedError(RuntimeError):
    """The node must not start: what it would read and write is not there yet."""


class Application:
    """An ASGI application: HTTP goes to the API, `/ws` to the gateway. It is built when the server has started.

    `beside` are other applications by the prefix of their paths. Their HTTP is their own; each of their sockets is
    opened, gated and closed as those of `/ws` are, and who it stands for is `app.realtime.guests.who_is(scope)`.
    """

    def __init__(
        self, settings: Settings | None = None, *, beside: Mapping[str, AsgiApp] | None = None
    ) -> None:
        self._settings = settings
        self._beside = beside or {}
        self._parts: _Parts | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, or the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        parts = self._parts
        assert parts is not None  # the server begins to accept when start-up is complete
        guest = parts.guests.at(scope["path"])
        if guest is not None:
            await guest(scope, receive, send)
        elif scope["type"] == "http":
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
            check_http()
            parts = self._parts = _Parts(settings, self._beside)
            set_up_logs(settings.env, node=parts.node.name, node_id=str(parts.node.node_id))
            set_up_tracing(settings, service="cutoff-node", instance=parts.node.name)
            await parts.refuse_old_tables()
            await parts.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await parts.stop()
        await send({"type": "lifespan.shutdown.complete"})


class _Parts:
    """Everything that one node owns."""

    def __init__(self, settings: Settings, beside: Mapping[str, AsgiApp]) -> None:
        self.database = Database(settings, application_name="cutoff node")
        self.bridge = Bridge(self.database, threads=settings.pool_size)
        self.publisher = Publisher(settings)
        self.announcer = Announcer(self.publisher)
        self.queue = TaskQueue(settings)
        self.node = Node(settings, bridge=self.bridge, publisher=self.publisher, carry_out=self._carry_out)
        self.guests = Guests(beside, node=self.node)
        self.deps = HttpDeps(
            settings=settings,
            bridge=self.bridge,
            enqueue=self.queue.enqueue_revocation,
            enqueue_mass_revocation=self.queue.enqueue_mass_revocation,
            publisher=self.publisher,
            announce=self.announcer.announce,
            node=self.node,
            streams=self.node.streams,
        )
        self.api = build_api(self.deps)

    async def refuse_old_tables(self) -> None:
        """The database has the tables that this version needs, or does not answer yet. Raises: NotMigratedError."""
        missing: str | None = None
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LOOK_WITHIN_S):
                missing = await self.bridge.run(find_missing_revision)
        if missing is not None:
            await self._release()
            raise NotMigratedError(
                f"The database lacks this version's tables (revision {missing}): run `cutoff migrate` first."
            )

    async def start(self) -> None:
        """The node first, then what is beside it. Raises: what a guest's start failed with; then nothing runs on."""
        await self.node.start()
        try:
            await self.guests.start()
        except Exception:
            await self.stop()
            raise

    async def stop(self) -> None:
        """The sockets first, then what they stood on."""
        await finish(self.api)
        await self.node.stop()
        await self.guests.stop()
        await self._release()

    async def _release(self) -> None:
        await self.bridge.close()
        self.queue.close()
        self.announcer.close()
        self.publisher.close()
        self.database.dispose()
        await asyncio.to_thread(stop_tracing)

    async def _carry_out(self, revocation_id: RevocationId) -> None:
        await carry_out(self.deps, revocation_id)


app = Application()
