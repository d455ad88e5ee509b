"""Failures, each a context manager that does the real thing, and undoes it afterwards where it is not for good."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import redis.asyncio as redis

from tests.faults.world import World

PAUSE_S = 0.003


@contextlib.asynccontextmanager
async def redis_stopped(world: World) -> AsyncIterator[None]:
    """Killed; nothing of what it held comes back."""
    await asyncio.to_thread(world.redis.kill)
    yield
    await asyncio.to_thread(world.redis.start_again)


@contextlib.asynccontextmanager
async def redis_frozen(world: World) -> AsyncIterator[None]:
    """It accepts, and never answers."""
    await asyncio.to_thread(world.redis.freeze)
    try:
        yield
    finally:
        world.redis.thaw()


@contextlib.asynccontextmanager
async def subscriptions_killed(world: World) -> AsyncIterator[None]:
    """Again and again: whoever subscribes is cut off at once."""
    client = redis.Redis.from_url(world.redis.url)

    async with _again_and_again(lambda: client.client_kill_filter(_type="pubsub")):
        yield
    await client.aclose()


@contextlib.asynccontextmanager
async def tails_terminated(world: World) -> AsyncIterator[None]:
    """`pg_terminate_backend` on every node's tail, again and again."""
    connection = await psycopg.AsyncConnection.connect(world.postgres.url, autocommit=True)

    terminate = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'cutoff tail%'"
    )
    async with connection, _again_and_again(lambda: connection.execute(terminate)):
        yield


@contextlib.asynccontextmanager
async def postgres_restarted(world: World) -> AsyncIterator[None]:
    """Killed as by a power cut; it recovers within the block's time, or after it."""
    await asyncio.to_thread(world.postgres.kill)
    starting = asyncio.create_task(asyncio.to_thread(world.postgres.start_again))
    yield
    await starting
    world.database.dispose()


@contextlib.asynccontextmanager
async def worker_waits_for(world: World, session_id: object) -> AsyncIterator[None]:
    """Whoever wants to end that session waits for its row until the block ends."""
    with world.hands.transaction() as holder:
        holder.do("SELECT FROM session WHERE id = %(id)s FOR UPDATE", id=session_id)
        yield


async def until_the_worker_waits(world: World) -> None:
    """It stands within its transaction, before the COMMIT."""
    await world.until_value(
        "SELECT count(*) > 0 FROM pg_stat_activity"
        " WHERE application_name = 'cutoff worker' AND wait_event_type = 'Lock'"
    )


@contextlib.asynccontextmanager
async def _again_and_again(work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Until the block ends. Told by an event, since drivers may swallow a cancellation."""
    is_over = asyncio.Event()

    async def repeat() -> None:
        while not is_over.is_set():
            await work()
            await asyncio.sleep(PAUSE_S)

    repeating = asyncio.create_task(repeat())
    try:
        yield
    finally:
        is_over.set()
        await repeating
