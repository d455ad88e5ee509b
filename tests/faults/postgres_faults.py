"""PostgreSQL knows what is true; a node that cannot ask holds its frames."""

import asyncio

from tests.faults.bounds import BY_TAIL_S, GAP_S, LEASE_S
from tests.faults.failures import postgres_restarted, tails_terminated
from tests.faults.fault import Measured, fault
from tests.faults.hands import END_SESSION
from tests.faults.watched import Refused, Watched
from tests.faults.world import World

LONGER_THAN_THE_LEASE_S = LEASE_S + 2.0
NOT_NOW, NOT_CURRENT = 503, 1013


@fault("SQL by hand", bound_s=BY_TAIL_S)
async def by_hand(world: World) -> Measured:
    async with world.cast() as cast:
        await cast.end_by_sql()
        await cast.watch(BY_TAIL_S)
        cast.check_no_gap(GAP_S)
        return await cast.measured(BY_TAIL_S)


@fault("PostgreSQL killed right after the commit, and restarted", bound_s=LEASE_S)
async def restarted(world: World) -> Measured:
    async with world.cast() as cast:
        await cast.end_by_sql()
        async with postgres_restarted(world):
            await cast.watch(LEASE_S)
        await cast.watch(LEASE_S)
        return await cast.measured(LEASE_S)


@fault("PostgreSQL down for longer than the lease, then back", bound_s=LEASE_S)
async def down(world: World) -> Measured:
    async with world.cast() as cast:
        await cast.end_by_sql()
        await asyncio.to_thread(world.postgres.kill)
        await asyncio.sleep(LONGER_THAN_THE_LEASE_S)
        await asyncio.to_thread(world.postgres.start_again)
        world.database.dispose()
        await cast.watch(LONGER_THAN_THE_LEASE_S + 3.0)
        return await cast.measured(LEASE_S)


@fault("pg_terminate_backend on the tail in a loop", bound_s=LEASE_S)
async def tail_terminated(world: World) -> Measured:
    async with world.cast() as cast:
        async with tails_terminated(world):
            await cast.end_by_sql()
            await asyncio.sleep(LONGER_THAN_THE_LEASE_S)
        await cast.watch(LONGER_THAN_THE_LEASE_S + 3.0)
        return await cast.measured(LEASE_S)


@fault("PostgreSQL unreachable for one node, then back", bound_s=LEASE_S)
async def unreachable(world: World) -> Measured:
    async with world.cast() as cast:
        with world.postgres_line.silent():
            await cast.end_by_sql()
            await asyncio.sleep(LONGER_THAN_THE_LEASE_S)
            ready = await asyncio.to_thread(world.nodes[1].readiness)
            cast.check(not ready["is_ready"], "the node does not say that it cannot know")
            cast.check(
                await _refusal(cast.sibling.token, world) == NOT_NOW, "a stale node has not answered 503"
            )
        await cast.watch(LONGER_THAN_THE_LEASE_S + 3.0)
        return await cast.measured(LEASE_S)


@fault("PostgreSQL unreachable for one node whose policy is close", bound_s=LEASE_S)
async def unreachable_and_closing(world: World) -> Measured:
    """Everybody is told that the node cannot know; nobody that his credential was revoked."""
    async with (
        world.another_node("node-closing", {"CUTOFF_STALE_POLICY": "close"}, over_lines=True) as node,
        world.cast(nodes=(node,)) as cast,
    ):
        cast.excused[node.name] = NOT_CURRENT
        with world.postgres_line.silent():
            await cast.end_by_sql()
            await cast.watch(LEASE_S)
        told = {each.code for each in cast.everybody}
        cast.check(told == {NOT_CURRENT}, f"they were told {told}")
        return await cast.measured(LEASE_S)


async def _refusal(token: str, world: World) -> int | None:
    node = world.nodes[1]
    try:
        socket = await Watched.open(node.websocket, token, node=node.name, every_s=1.0)
    except Refused as refused:
        return refused.status
    await socket.leave()
    return None


@fault("closure log locked for longer than the lease", bound_s=LEASE_S)
async def log_locked(world: World) -> Measured:
    async with world.cast() as cast:
        with world.hands.transaction() as migration:
            with world.hands.transaction() as ending:
                ending.do(END_SESSION, id=cast.session.session_id)
                locking = asyncio.create_task(
                    asyncio.to_thread(migration.do, "LOCK TABLE closure IN ACCESS EXCLUSIVE MODE")
                )
                await world.until_value(
                    "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
                )
                cast.ended_at = ending.commit()
            await locking
            await asyncio.sleep(LONGER_THAN_THE_LEASE_S)
        await cast.watch(LONGER_THAN_THE_LEASE_S + 3.0)
        return await cast.measured(LEASE_S)


@fault("a long transaction elsewhere", bound_s=BY_TAIL_S)
async def long_transaction(world: World) -> Measured:
    async with world.cast() as cast:
        with world.hands.transaction() as other:
            other.do("SELECT pg_current_xact_id()")
            answer = await cast.end_over_http(wait_s=5)
            cast.check(answer.body["is_confirmed"], "the receipt waits for somebody else's transaction")
            await cast.count_from_the_commit(answer)
            await cast.watch(BY_TAIL_S)
            return await cast.measured(BY_TAIL_S)


@fault("a late commit with a lower sequence number", bound_s=BY_TAIL_S)
async def late_commit(world: World) -> Measured:
    async with world.cast() as cast, world.cast() as overtaking:
        with world.hands.transaction() as late:
            late.do(END_SESSION, id=cast.session.session_id)
            await overtaking.end_by_sql()
            await overtaking.watch(BY_TAIL_S)
            await asyncio.sleep(BY_TAIL_S)
            cast.check(all(each.code is None for each in cast.victims), "closed before the commit")
            cast.ended_at = late.commit()
        await cast.watch(BY_TAIL_S)
        measured = await cast.measured(BY_TAIL_S)
        measured.add(await overtaking.measured(BY_TAIL_S))
        return measured
