"""Start and stop of an ASGI application that runs within ours (the ASGI lifespan protocol, from the server's side)."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import structlog

__all__ = ["AsgiApp", "GuestLife"]

STOP_WITHIN_S = 10.0

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_log = structlog.get_logger(__name__)


class GuestLife:
    """One life of the application. `state` is what its start has left for its connections."""

    def __init__(self, app: AsgiApp) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """It has started; one that knows no lifespan needs no start. Raises: RuntimeError with what it said of its failure."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.get_running_loop().create_task(
            self._live(scope), name="the start and stop of an application beside ours"
        )
        answer = await self._ask("lifespan.startup")
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            raise RuntimeError(answer.get("message") or "the application beside ours does not start")

    async def stop(self) -> None:
        """It has stopped, or has had its time."""
        if self._task is None:
            return
        if not self._task.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_WITHIN_S):
                    await self._ask("lifespan.shutdown")
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _live(self, scope: Message) -> None:
        try:
            await self._app(scope, self._told.get, self._heard.put)
        except Exception:  # noqa: BLE001 - theirs, of any kind
            # The way to say "no lifespan here"; what fails in a start says so itself, and then raises.
            _log.info("guest_lifespan_ended", exc_info=True)

    async def _ask(self, what: str) -> Message | None:
        """Its answer; None if it has ended without one."""
        assert self._task is not None
        self._told.put_nowait({"type": what})
        answer = asyncio.ensure_future(self._heard.get())
        await asyncio.wait([answer, self._task], return_when=asyncio.FIRST_COMPLETED)
        if answer.done() or not self._heard.empty():
            return await answer
        answer.cancel()
        return None
