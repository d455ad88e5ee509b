import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from redis import Redis

from app.embedded import RedisServer
from app.fanout import echo_sender
from app.fanout.echo_sender import EchoSender
from app.fanout.redis_address import RedisAddress
from app.fanout.routes import FixedRoute
from tests.fanout.listening import eventually


@contextlib.asynccontextmanager
async def sending(url: str) -> AsyncIterator[list[int]]:
    """An echo sender runs; the nonces that Redis took."""
    taken: list[int] = []
    sender = EchoSender(
        route=FixedRoute(RedisAddress.parse(url)),
        channel=b"echo",
        payload=lambda nonce: b"%d" % nonce,
        published=taken.append,
        interval_s=0.05,
    )
    task = asyncio.create_task(sender.run())
    try:
        yield taken
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_echoes_are_numbered_on_across_connections(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(echo_sender, "ECHOES_PER_CONNECTION", 2)
    async with sending(redis.url) as taken:
        await eventually(lambda: len(taken) >= 5)
    assert taken == list(range(1, len(taken) + 1))


async def test_an_echo_that_redis_refuses_is_not_taken(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as client:
        client.acl_setuser("mute", enabled=True, passwords=["+secret"], commands=["+ping"])
        client.acl_log_reset()

        def refusals() -> int:
            return sum(entry["count"] for entry in client.acl_log() if entry["username"] == "mute")

        async with sending(f"redis://mute:secret@127.0.0.1:{redis.port}") as taken:
            await eventually(lambda: refusals() >= 2)
    assert taken == []


async def test_a_redis_that_freezes_or_restarts_gets_echoes_again(redis: RedisServer) -> None:
    async with sending(redis.url) as taken:
        await eventually(lambda: len(taken) >= 1)
        await asyncio.to_thread(redis.freeze)
        frozen_at = len(taken)
        await asyncio.to_thread(redis.thaw)
        await eventually(lambda: len(taken) > frozen_at)
        await asyncio.to_thread(redis.kill)
        killed_at = len(taken)
        await asyncio.to_thread(redis.start_again)
        await eventually(lambda: len(taken) > killed_at)
