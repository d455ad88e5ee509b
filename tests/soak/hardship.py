"""What befalls the fleet during a soak, in random order: every kind once, before any comes twice."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

from redis.asyncio import Redis

from tests.faults.failures import redis_frozen
from tests.faults.world import World
from tests.soak.promised import LONGEST_FREEZE_S

TERMINATE = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'cutoff%%'"
)

Hardship = Callable[[World, random.Random], Awaitable[None]]


async def subscriptions_are_killed(world: World, _dice: random.Random) -> None:
    async with Redis.from_url(world.redis.url) as client:
        await client.client_kill_filter(_type="pubsub")


async def redis_freezes(world: World, dice: random.Random) -> None:
    async with redis_frozen(world):
        await asyncio.sleep(dice.uniform(0.5, 3.0))


async def worker_is_killed(world: World, dice: random.Random) -> None:
    world.worker.kill()
    await asyncio.sleep(dice.uniform(0.0, 3.0))
    world.worker.start()


async def backends_are_terminated(world: World, _dice: random.Random) -> None:
    """Of nodes and worker alike: pool, tail and verifying reads."""
    await world.hands.value(TERMINATE)


async def node_freezes(world: World, dice: random.Random) -> None:
    with dice.choice(world.nodes).frozen():
        await asyncio.sleep(dice.uniform(0.5, LONGEST_FREEZE_S))


async def path_to_postgres_dies(world: World, dice: random.Random) -> None:
    """Of node 2, silently, for longer than the lease or shorter."""
    with world.postgres_line.silent():
        await asyncio.sleep(dice.uniform(0.5, 4.5))


ALL: tuple[Hardship, ...] = (
    subscriptions_are_killed,
    redis_freezes,
    worker_is_killed,
    backends_are_terminated,
    node_freezes,
    path_to_postgres_dies,
)


async def hardships(dice: random.Random) -> AsyncIterator[Hardship]:
    """Without end."""
    while True:
        for each in dice.sample(ALL, len(ALL)):
            yield each
