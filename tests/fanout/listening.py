"""A subscriber at work, with a recorder for sockets and an ear on its bell."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Literal

import uuid_utils.compat as uuid_utils

from app.config import Settings
from app.domain.ids import NodeId
from app.domain.targets import Cause
from app.fanout.close_reading import Concerned
from app.fanout.subscriber import Subscriber
from tests.fanout.closures import SYSTEM

WITHIN_S = 15.0
TICK_S = 0.1

CauseOrWord = Cause | Literal["revoked"]


@dataclass
class Recorder:
    """A `ConnectionCloser` that holds one socket for each key, until it is closed."""

    calls: list[tuple[str, str, CauseOrWord]] = field(default_factory=list)
    closed: set[tuple[str, str]] = field(default_factory=set)
    raises_for: frozenset[str] = frozenset()
    blocks_for_s: float = 0.0

    def close_sockets_for_session(self, session_token_hash: str, *, cause: CauseOrWord = "revoked") -> int:
        return self._close("session", session_token_hash, cause)

    def close_sockets_for_token(self, api_token_id: str, *, cause: CauseOrWord = "revoked") -> int:
        return self._close("token", api_token_id, cause)

    def close_sockets_for_account(self, account_id: str, *, cause: CauseOrWord = "revoked") -> int:
        return self._close("account", account_id, cause)

    def _close(self, kind: str, key: str, cause: CauseOrWord) -> int:
        self.calls.append((kind, key, cause))
        time.sleep(self.blocks_for_s)
        if key in self.raises_for:
            raise RuntimeError(key)
        is_open = (kind, key) not in self.closed
        self.closed.add((kind, key))
        return int(is_open)


@dataclass
class Listening:
    subscriber: Subscriber
    closer: Recorder
    rings: list[str]
    task: asyncio.Task[None]

    @property
    def called(self) -> list[tuple[str, str]]:
        return [(kind, key) for kind, key, _ in self.closer.calls]


@contextlib.asynccontextmanager
async def listening(
    settings: Settings,
    *,
    closer: Recorder | None = None,
    system: str | None = SYSTEM,
    concerned: Concerned | None = None,
    tick_s: float = TICK_S,
    confirmed: bool = True,
) -> AsyncIterator[Listening]:
    """A subscriber runs, confirmed if asked for; at the end it has to stop at once."""
    recorder, rings = closer or Recorder(), list[str]()
    subscriber = Subscriber(
        settings,
        node_id=NodeId(uuid_utils.uuid7()),
        closer=recorder,
        ring=rings.append,
        system_identifier=lambda: system,
        concerned=concerned,
        tick_s=tick_s,
    )
    task = asyncio.create_task(subscriber.run())
    try:
        if confirmed:
            await eventually(lambda: subscriber.is_subscribed)
        yield Listening(subscriber, recorder, rings, task)
        assert not task.done(), "a subscriber never ends by itself"
    finally:
        task.cancel()
        async with asyncio.timeout(1):
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def eventually(holds: Callable[[], bool], *, within_s: float = WITHIN_S) -> float:
    """How long it took until it held; fails unless that is soon."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < within_s, f"not within {within_s} s"
        await asyncio.sleep(0.005)
    return time.monotonic() - start


@contextlib.asynccontextmanager
async def lag_measured() -> AsyncIterator[list[float]]:
    """By how much each short nap on this loop was too long, in seconds."""
    lags = [0.0]

    async def nap() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            lags.append(time.monotonic() - before - 0.005)

    task = asyncio.create_task(nap())
    try:
        yield lags
    finally:
        task.cancel()
