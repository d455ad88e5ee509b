"""A real node within the test's own event loop: uvicorn, our protocol class, PostgreSQL and Redis are all real."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import app
from app.asgi import Application
from app.config import Settings
from app.realtime.guest_life import AsgiApp
from app.realtime.http_protocol import CutoffHttpProtocol
from app.realtime.node import Node
from app.realtime.uvicorn_protocol import CutoffProtocol
from app.sockets.entry import Entry
from tests.realtime.conditions import eventually

__all__ = [
    "Refused",
    "RunningNode",
    "SeenClose",
    "a_node",
    "ask",
    "by_the_doorbell_alone",
    "by_the_log_alone",
    "echoes",
    "entries_of",
    "opened",
    "quick",
    "received",
    "refused",
    "seen_close",
]

APP = Path(app.__file__).parent
PATIENCE_S = 10.0
DRAIN_S = 5


@dataclass(frozen=True, slots=True)
class RunningNode:
    """A node that has begun, and where it listens."""

    node: Node
    port: int

    @property
    def url(self) -> str:
        """Where sockets open."""
        return f"ws://127.0.0.1:{self.port}/ws"


@dataclass(frozen=True, slots=True)
class SeenClose:
    """What a client saw of its end: the last message, empty if none came, and the code of the close frame (1006: none)."""

    message: Mapping[str, Any]
    code: int

    @property
    def told(self) -> tuple[int, str | None, str | None]:
        """Code, reason and retry; the last two are None where no last message came."""
        return self.code, self.message.get("reason"), self.message.get("retry")


@dataclass(frozen=True, slots=True)
class Refused:
    """What an upgrade was answered with in place of the 101."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


def quick(settings: Settings, **changes: Any) -> Settings:
    """The settings with a short interval and lease, and these changes; numbers are seconds."""
    short = {"tail_interval": 0.2, "poll_timeout": 1.0, "lease": 3.0, "close_grace": 0.3}
    return Settings.model_validate({**settings.model_dump(), **short, **changes})


def by_the_log_alone(settings: Settings, **changes: Any) -> Settings:
    """Redis is down, and stays so: nothing listens on its port."""
    return quick(settings, redis_url="redis://127.0.0.1:1/0", **changes)


def by_the_doorbell_alone(settings: Settings, **changes: Any) -> Settings:
    """The log is read once a minute: what happens sooner, the doorbell has brought."""
    return quick(settings, tail_interval=60, lease=180, **changes)


@asynccontextmanager
async def a_node(
    settings: Settings,
    *,
    ready: bool = True,
    alone: bool = True,
    beside: Mapping[str, AsgiApp] | None = None,
) -> AsyncIterator[RunningNode]:
    """A node that serves until the block ends; ready to take sockets, unless that is not waited for.

    When it has stopped it has left nothing behind: no socket, no index, no task (P15); of tasks, that can be told
    only where no other node has started meanwhile and runs on (`alone`).
    """
    before = asyncio.all_tasks()
    application = Application(settings, beside=beside)
    server = _server(application, settings)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started or serving.done())
    parts = application._parts
    assert parts is not None
    node = parts.node
    try:
        running = RunningNode(node, server.servers[0].sockets[0].getsockname()[1])
        if ready:
            await _ready(node, settings)
        yield running
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 4 * DRAIN_S)
    assert_nothing_is_left(node)
    if not alone:
        return
    await eventually(
        lambda: not [task for task in asyncio.all_tasks() - before if _is_ours(task)], within_s=2
    )


def assert_nothing_is_left(node: Node) -> None:
    """Nobody is attached, found, waited for or remembered."""
    registry = node.holder.registry
    assert (len(registry), registry.index_size, registry.pending_count) == (0, 0, 0)
    assert (len(registry.owing()), len(registry.recent), len(node.holder.pump)) == (0, 0, 0)
    assert not node.rechecks._due


@asynccontextmanager
async def opened(node: RunningNode, token: str, **options: Any) -> AsyncIterator[ClientConnection]:
    """A socket on a bearer credential whose `ready` has been read."""
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(
        node.url, additional_headers=headers, proxy=None, ping_interval=None, **options
    ) as socket:
        assert (await received(socket))["type"] == "ready"
        yield socket


async def refused(node: RunningNode, token: str | None = None, *, url: str = "", **headers: str) -> Refused:
    """The answer to an upgrade that must not succeed."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    try:
        async with connect(url or node.url, additional_headers=given, proxy=None, ping_interval=None):
            raise AssertionError("it was accepted")
    except InvalidStatus as refusal:
        response = refusal.response
        body = json.loads(response.body) if response.body else {}
        return Refused(response.status_code, body, dict(response.headers.items()))


async def received(socket: ClientConnection) -> Mapping[str, Any]:
    """The next message."""
    message: Mapping[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S))
    return message


async def ask(socket: ClientConnection, **request: Any) -> Mapping[str, Any]:
    """The reply to a request."""
    await socket.send(json.dumps(request))
    return await received(socket)


async def echoes(socket: ClientConnection) -> bool:
    """Whether the socket goes on as if nothing had happened, and had received nothing that it did not ask for."""
    return (await ask(socket, type="echo", id=1, payload="still here")).get("payload") == "still here"


async def seen_close(socket: ClientConnection, *, within_s: float = PATIENCE_S) -> SeenClose:
    """How the socket ends, within that time; any message before the last fails the test."""
    message: Mapping[str, Any] = {}
    async with asyncio.timeout(within_s):
        try:
            while True:
                next_one = json.loads(await socket.recv())
                assert not message
                assert next_one["type"] == "closing", next_one
                message = next_one
        except ConnectionClosed as closed:
            return SeenClose(message, 1006 if closed.rcvd is None else closed.rcvd.code)


def entries_of(node: RunningNode) -> list[Entry]:
    """The sockets that the node knows of, pending ones included."""
    return list(node.node.holder.registry)


def _is_ours(task: "asyncio.Task[Any]") -> bool:
    """Not the test's own task, nor one of its helpers."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and str(APP) in code.co_filename


def _server(application: Application, settings: Settings) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            application,
            host="127.0.0.1",
            port=0,
            ws=CutoffProtocol,
            http=CutoffHttpProtocol,
            ws_max_size=settings.frame_limit,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            log_level="warning",
            log_config=None,
            timeout_graceful_shutdown=DRAIN_S,
        )
    )


async def _ready(node: Node, settings: Settings) -> None:
    has_redis = not settings.redis_url.endswith(":1/0")
    within = settings.lease + timedelta(seconds=PATIENCE_S)
    await eventually(
        lambda: node.takes_sockets and (node.is_subscribed or not has_redis), within_s=within.total_seconds()
    )
