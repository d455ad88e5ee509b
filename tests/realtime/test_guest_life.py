"""Start and stop of an application within ours, as a server would do it."""

import asyncio
from typing import Any

import pytest

from app.realtime.guest_life import GuestLife


async def test_it_starts_leaves_its_state_and_stops():
    heard: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for kind in ("startup", "shutdown"):
            heard.append((await receive())["type"])
            scope["state"]["pool"] = 7
            await send({"type": f"lifespan.{kind}.complete"})

    life = GuestLife(app)
    await life.start()
    assert life.state == {"pool": 7}
    await life.stop()
    assert heard == ["lifespan.startup", "lifespan.shutdown"]


async def test_one_that_knows_no_lifespan_needs_none():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise NotImplementedError(scope["type"])

    life = GuestLife(app)
    await life.start()
    await life.stop()


async def test_one_that_does_not_start_says_why():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no pool"})

    with pytest.raises(RuntimeError, match="no pool"):
        await GuestLife(app).start()


async def test_one_that_does_not_stop_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.realtime.guest_life.STOP_WITHIN_S", 0.05)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await asyncio.Event().wait()

    life = GuestLife(app)
    await life.start()
    async with asyncio.timeout(2):
        await life.stop()
