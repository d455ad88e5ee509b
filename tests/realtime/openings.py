"""Openings that the test holds back, between the attachment and the 101."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.sockets.admission import Reading
from app.sockets.entry import Entry
from tests.realtime.nodes import RunningNode

__all__ = ["Pause", "paused_after_the_read", "paused_before_the_read"]

Verify = Callable[[Entry], Awaitable[Reading]]


class Pause:
    """`reached` when the next opening stands there; it goes on, and every later one, when `over` is set."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.over = asyncio.Event()

    async def here(self) -> None:
        self.reached.set()
        await self.over.wait()


@asynccontextmanager
async def paused_before_the_read(node: RunningNode) -> AsyncIterator[Pause]:
    """Attached, and the verifying statement has not been sent."""
    pause, verify = Pause(), node.node.verifier.verify

    async def verify_later(entry: Entry) -> Reading:
        await pause.here()
        return await verify(entry)

    async with _instead(node, verify_later):
        yield pause
        pause.over.set()


@asynccontextmanager
async def paused_after_the_read(node: RunningNode) -> AsyncIterator[Pause]:
    """The answer of the verifying statement has come, and has not been judged."""
    pause, verify = Pause(), node.node.verifier.verify

    async def tell_later(entry: Entry) -> Reading:
        reading = await verify(entry)
        await pause.here()
        return reading

    async with _instead(node, tell_later):
        yield pause
        pause.over.set()


@asynccontextmanager
async def _instead(node: RunningNode, verify: Verify) -> AsyncIterator[None]:
    verifier = node.node.verifier
    verifier.verify = verify  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del verifier.verify
