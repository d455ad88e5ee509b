"""Tables that are locked, full, or without their triggers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.cli.demo.api import Api
from app.cli.problems import CommandRefused
from app.clock import boot_seconds
from tests.faults.bounds import BY_DOORBELL_S, BY_NODE_S, BY_TAIL_S, GAP_S, LEASE_S, LOCK_S
from tests.faults.cast import Cast
from tests.faults.failures import worker_waits_for
from tests.faults.fault import Measured, fault
from tests.faults.processes import HOST
from tests.faults.world import World

RECONCILE_S = 2
SWEPT_S = BY_NODE_S
TICK_S = 1.0
MORE_THAN_THE_POOL = 24
MOST_OF_THE_POOL = 6
OF_EACH_TRIGGER = """
SELECT string_agg('ALTER TABLE session ' || %(how)s::text || ' TRIGGER ' || quote_ident(tgname), ';')
  FROM pg_trigger WHERE tgrelid = 'session'::regclass AND NOT tgisinternal
"""


@fault("audit insert blocked by a lock", bound_s=BY_DOORBELL_S)
async def audit_blocked(world: World) -> Measured:
    async with world.cast() as cast:
        with world.hands.transaction() as other:
            other.do("LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE")
            await cast.count_from_the_commit(await cast.end_over_http())
            await cast.watch(BY_DOORBELL_S)
        return await cast.measured(BY_DOORBELL_S)


@fault("audit insert fails", bound_s=BY_DOORBELL_S)
async def audit_fails(world: World) -> Measured:
    async with world.cast() as cast:
        await world.hands.commit("ALTER TABLE audit_event ADD CONSTRAINT broken CHECK (false) NOT VALID")
        try:
            await cast.count_from_the_commit(await cast.end_over_http())
            await cast.watch(BY_DOORBELL_S)
        finally:
            await world.hands.commit("ALTER TABLE audit_event DROP CONSTRAINT broken")
        return await cast.measured(BY_DOORBELL_S)


@asynccontextmanager
async def disk_full_for(world: World, table: str) -> AsyncIterator[None]:
    """Every insert into the table fails as if the disk were full."""
    await world.hands.commit(
        "CREATE OR REPLACE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    )
    await world.hands.commit(
        f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION disk_is_full()"
    )
    try:
        yield
    finally:
        await world.hands.commit(f"DROP TRIGGER full_disk ON {table}")


@fault("disk full for audit events and receipts", bound_s=BY_DOORBELL_S)
async def disk_full_beside(world: World) -> Measured:
    async with world.cast() as cast:
        async with disk_full_for(world, "audit_event"), disk_full_for(world, "receipt_node"):
            await cast.count_from_the_commit(await cast.end_over_http())
            await cast.watch(BY_DOORBELL_S)
        return await cast.measured(BY_DOORBELL_S)


@fault("disk full for the closure log, counted from when there is room", bound_s=BY_NODE_S)
async def disk_full_for_the_log(world: World) -> Measured:
    """Nothing can end while it is full, so nothing closes; then what was asked for is done."""
    async with world.cast() as cast:
        async with disk_full_for(world, "closure"):
            answer = await cast.end_over_http()
            await asyncio.sleep(BY_NODE_S)
            cast.check(all(each.code is None for each in cast.victims), "closed, and not ended")
            cast.check(answer.body["state"] == "requested", f"the receipt says {answer.body['state']}")
            room_at = boot_seconds()
        cast.ended_at = room_at
        await cast.watch(BY_NODE_S)
        return await cast.measured(BY_NODE_S)


@fault("the nodes' rows locked for longer than the lease", bound_s=BY_TAIL_S)
async def nodes_locked(world: World) -> Measured:
    """No node can report; that costs receipts their time, and no lease."""
    async with world.cast() as cast:
        with world.hands.transaction() as other:
            other.do("SELECT FROM node FOR UPDATE")
            await asyncio.sleep(LEASE_S + 1.0)
            await cast.check_all_speak()
            cast.check_no_gap(GAP_S)
            await cast.end_by_sql()
            await cast.watch(BY_TAIL_S)
            cast.check_no_gap(GAP_S)
        return await cast.measured(BY_TAIL_S)


@fault("somebody locks the credential's row for 3 s, counted from its release", bound_s=SWEPT_S)
async def row_locked(world: World) -> Measured:
    """The worker waits within its lock time-out and gives the revocation back; a node takes it up."""
    async with world.cast() as cast:
        async with worker_waits_for(world, cast.session.session_id):
            await cast.end_over_http()
            await asyncio.sleep(LOCK_S + 1.0)
            cast.check(all(each.code is None for each in cast.victims), "closed, and not ended")
            released_at = boot_seconds()
        cast.ended_at = released_at
        await cast.watch(SWEPT_S)
        return await cast.measured(SWEPT_S)


@fault("a node's pool exhausted", bound_s=BY_TAIL_S)
async def pool_exhausted(world: World) -> Measured:
    async with world.cast() as cast:
        with world.hands.transaction() as other:
            other.do("LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE")
            asking = [asyncio.create_task(_ask(world, cast)) for _ in range(MORE_THAN_THE_POOL)]
            await world.until_value(
                "SELECT count(*) >= %(most)s FROM pg_stat_activity"
                " WHERE application_name = 'cutoff node' AND wait_event_type = 'Lock'",
                most=MOST_OF_THE_POOL,
            )
            await cast.end_by_sql()
            await cast.watch(BY_TAIL_S)
        await asyncio.gather(*asking)
        cast.check_no_gap(GAP_S)
        return await cast.measured(BY_TAIL_S)


async def _ask(world: World, cast: Cast) -> None:
    api = Api(HOST, world.nodes[0].port, token=cast.sibling.token)
    try:
        await asyncio.to_thread(api.call, "GET", "audit-events")
    except CommandRefused:
        return


@fault("triggers disabled: the slow timer, set to 2 s", bound_s=RECONCILE_S + TICK_S)
async def triggers_disabled(world: World) -> Measured:
    async with (
        world.another_node("node-slow", {"CUTOFF_RECONCILE_INTERVAL": str(RECONCILE_S)}) as node,
        world.cast(nodes=(node,)) as cast,
    ):
        disable = await world.hands.value(OF_EACH_TRIGGER, how="DISABLE")
        enable = await world.hands.value(OF_EACH_TRIGGER, how="ENABLE ALWAYS")
        await world.hands.commit(disable)
        try:
            await cast.end_by_sql()
            await cast.watch(RECONCILE_S + TICK_S)
        finally:
            await world.hands.commit(enable)
        return await cast.measured(RECONCILE_S + TICK_S)
