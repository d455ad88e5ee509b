"""A real uvicorn server on the running loop, whose application is played by the test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import uvloop

from app.realtime.transport import Transport, transport_of
from app.realtime.uvicorn_protocol import CutoffProtocol
from app.sockets.gate import Passage
from tests.realtime.conditions import eventually

WITHIN_S = 10.0
FRAME_LIMIT = 64 * 1024

Scenario = Callable[[], Awaitable[None]]


def on_both_loops(scenario: Scenario) -> Callable[..., None]:
    """The test runs on asyncio's own loop, and on uvloop."""

    @pytest.mark.parametrize(
        "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
    )
    def test(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        async def within_bounds() -> None:
            await asyncio.wait_for(scenario(), 3 * WITHIN_S)

        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(within_bounds())

    test.__name__ = scenario.__name__
    return test


class Socket:
    """The application's side of one connection; the application returns when `leave` is called."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.transport: Transport = transport_of(scope)
        self._receive = receive
        self.say = send
        self._left = asyncio.Event()

    async def run(self) -> None:
        await self._left.wait()

    def leave(self) -> None:
        self._left.set()

    async def accept(self, *, gate: Passage | None = Passage.PASS) -> None:
        assert (await self.receive())["type"] == "websocket.connect"
        await self.say({"type": "websocket.accept"})
        if gate is not None:
            self.set_gate(gate)

    def set_gate(self, passage: Passage) -> None:
        self.transport.gate = lambda: passage

    async def receive(self) -> dict[str, Any]:
        event: dict[str, Any] = await asyncio.wait_for(self._receive(), WITHIN_S)
        return event

    async def send(self, text: str) -> None:
        await self.say({"type": "websocket.send", "text": text})

    async def close(self, code: int) -> None:
        await self.say({"type": "websocket.close", "code": code})

    async def closed(self) -> None:
        await asyncio.wait_for(self.transport.closed.wait(), WITHIN_S)

    async def fill(self, text: str) -> "asyncio.Task[None]":
        """Sends until the kernel takes no more, and one more: the task of the sender that waits."""
        while True:
            sending = asyncio.ensure_future(self.send(text))
            for _ in range(5):
                await asyncio.sleep(0)
            if not sending.done():
                return sending
            await sending


class Server:
    def __init__(self) -> None:
        self._sockets: asyncio.Queue[Socket] = asyncio.Queue()
        config = uvicorn.Config(
            self._application,
            port=0,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            ws=CutoffProtocol,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            ws_max_size=FRAME_LIMIT,
        )
        self.uvicorn = uvicorn.Server(config)

    @property
    def port(self) -> int:
        port: int = self.uvicorn.servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def tasks(self) -> int:
        return len(self.uvicorn.server_state.tasks)

    async def socket(self) -> Socket:
        """The next connection."""
        return await asyncio.wait_for(self._sockets.get(), WITHIN_S)

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        socket = Socket(scope, receive, send)
        self._sockets.put_nowait(socket)
        await socket.run()


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """The server has started; on leaving, it has stopped, and so have its connections."""
    server = Server()
    serve = asyncio.ensure_future(server.uvicorn.serve())
    await eventually(lambda: server.uvicorn.started or serve.done())
    try:
        yield server
    finally:
        server.uvicorn.should_exit = True
        server.uvicorn.force_exit = True
        await asyncio.wait_for(serve, WITHIN_S)
