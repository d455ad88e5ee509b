"""Redis rings the doorbell, and takes tasks; nothing depends on it."""

import asyncio

from app.clock import boot_seconds
from tests.faults.bounds import BY_DOORBELL_S, BY_NODE_S, BY_TAIL_S, ENQUEUE_S, GAP_S
from tests.faults.failures import redis_frozen, redis_stopped, subscriptions_killed
from tests.faults.fault import Measured, fault
from tests.faults.world import World


@fault("nothing: ended over HTTP by a worker", bound_s=BY_DOORBELL_S)
async def nothing(world: World) -> Measured:
    async with world.cast() as cast:
        await cast.count_from_the_commit(await cast.end_over_http())
        await cast.watch(BY_DOORBELL_S)
        cast.check_no_gap(GAP_S)
        return await cast.measured(BY_DOORBELL_S)


@fault("Redis stopped for good: SQL by hand", bound_s=BY_TAIL_S)
async def redis_stopped_sql(world: World) -> Measured:
    async with world.cast() as cast, redis_stopped(world):
        await cast.end_by_sql()
        await cast.watch(BY_TAIL_S)
        for node in world.nodes:
            ready = await asyncio.to_thread(node.readiness)
            cast.check(ready["is_ready"], "the loss of the doorbell alone refuses nobody")
            await world.until_status(node, "doorbell_lost")
        await cast.add_bystanders(cast.sibling.token)
        return await cast.measured(BY_TAIL_S)


@fault("Redis stopped for good: over HTTP, counted from the request", bound_s=ENQUEUE_S + BY_TAIL_S)
async def redis_stopped_http(world: World) -> Measured:
    async with world.cast() as cast, redis_stopped(world):
        await cast.end_over_http()
        await cast.watch(ENQUEUE_S + BY_TAIL_S)
        cast.check_no_gap(GAP_S)
        return await cast.measured(ENQUEUE_S + BY_TAIL_S)


@fault("broker frozen when the handler enqueues, then thawed", bound_s=ENQUEUE_S + BY_TAIL_S)
async def broker_frozen(world: World) -> Measured:
    async with world.cast() as cast:
        async with redis_frozen(world):
            await cast.end_over_http()
            answered_s = boot_seconds() - cast.ended_at
            cast.check(answered_s <= ENQUEUE_S + 1.0, f"the handler took {answered_s:.2f} s")
            await cast.watch(ENQUEUE_S + BY_TAIL_S)
            cast.check_no_gap(GAP_S)
        return await cast.measured(ENQUEUE_S + BY_TAIL_S)


@fault("subscriptions killed at the moment of publishing", bound_s=BY_TAIL_S)
async def subscription_killed(world: World) -> Measured:
    async with world.cast() as cast:
        async with subscriptions_killed(world):
            await cast.count_from_the_commit(await cast.end_over_http())
            await cast.watch(BY_TAIL_S)
        cast.check_no_gap(GAP_S)
        return await cast.measured(BY_TAIL_S)


@fault("half-open TCP to Redis", bound_s=BY_TAIL_S)
async def half_open(world: World) -> Measured:
    async with world.cast() as cast:
        world.redis_line.kill_open()
        await cast.count_from_the_commit(await cast.end_over_http())
        await cast.watch(BY_TAIL_S)
        cast.check_no_gap(GAP_S)
        await world.until_current(world.nodes[1])
        return await cast.measured(BY_TAIL_S)


@fault("the broker loses the task: killed, and empty again", bound_s=BY_NODE_S)
async def task_lost_by_the_broker(world: World) -> Measured:
    async with world.cast() as cast:
        world.worker.kill()
        await cast.end_over_http()
        async with redis_stopped(world):
            """It starts again at once, and has forgotten the task."""
        world.worker.start()
        await cast.watch(BY_NODE_S)
        return await cast.measured(BY_NODE_S)


@fault("the task is lost in the pop: worker frozen, task sent, worker killed", bound_s=BY_NODE_S)
async def task_lost_in_the_pop(world: World) -> Measured:
    async with world.cast() as cast:
        with world.worker.frozen():
            await cast.end_over_http()
            world.worker.kill()
        await cast.watch(BY_NODE_S)
        return await cast.measured(BY_NODE_S)
