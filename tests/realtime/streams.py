"""A page's event stream, as a browser reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.realtime.nodes import RunningNode

__all__ = ["Stream", "streaming"]

PATIENCE_S = 10.0
TOPIC = "own-sessions"


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is "" at the end of the body."""

    name: str
    data: str


@dataclass(slots=True)
class Stream:
    """An open one, or what it was refused with."""

    response: httpx.Response
    _lines: AsyncIterator[str]

    @property
    def status(self) -> int:
        return self.response.status_code

    async def next(self, *, within_s: float = PATIENCE_S) -> Event:
        """The next event; comments and the browser's retry time are passed over."""
        name, data = "", ""
        async with asyncio.timeout(within_s):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif not line and name:
                    return Event(name, data)
        return Event("", "")

    async def closing(self, *, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """What the last event says; anything else before it fails the test. Nothing comes after it."""
        last = await self.next(within_s=within_s)
        assert last.name == "closing", last
        assert await self.next() == Event("", "")
        told: dict[str, Any] = json.loads(last.data)
        return told


@asynccontextmanager
async def streaming(node: RunningNode, token: str, *topics: str, **headers: str) -> AsyncIterator[Stream]:
    """A stream on that session's cookie, or its refusal."""
    url = f"http://127.0.0.1:{node.port}/events"
    sent = {"cookie": f"cutoff_session={token}", **headers}
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
        client.stream("GET", url, params={"topic": topics or (TOPIC,)}, headers=sent) as response,
    ):
        yield Stream(response, response.aiter_lines())
