"""A node runs, is frozen, or is dead."""

import asyncio
from datetime import datetime

from app.clock import boot_seconds
from tests.faults.bounds import BY_TAIL_S, LEASE_S, RECEIPT_S
from tests.faults.fault import Measured, fault
from tests.faults.watched import ABNORMAL
from tests.faults.world import World

SHUTTING_DOWN, NOT_CURRENT = 1012, 1013


async def _frozen(world: World, for_s: float, *, excused: int | None = None) -> Measured:
    async with world.cast() as cast:
        if excused is not None:
            cast.excused[world.nodes[1].name] = excused
        with world.nodes[1].frozen():
            await cast.end_by_sql()
            await asyncio.sleep(for_s)
        await cast.watch(for_s + LEASE_S)
        return await cast.measured(LEASE_S)


@fault("node frozen for 1 s across the end", bound_s=LEASE_S)
async def frozen_short(world: World) -> Measured:
    return await _frozen(world, 1.0)


@fault("node frozen for 5 s across the end", bound_s=LEASE_S)
async def frozen_long(world: World) -> Measured:
    return await _frozen(world, 5.0)


@fault("node frozen for 25 s across the end", bound_s=LEASE_S, is_long=True)
async def frozen_within_the_hold_limit(world: World) -> Measured:
    return await _frozen(world, 25.0)


@fault("node frozen for 60 s across the end: beyond the hold limit", bound_s=LEASE_S, is_long=True)
async def frozen_beyond_the_hold_limit(world: World) -> Measured:
    return await _frozen(world, 60.0, excused=NOT_CURRENT)


@fault(
    "node killed: until the receipt is complete, counted from when the commit was first seen",
    bound_s=RECEIPT_S,
)
async def killed(world: World) -> Measured:
    async with world.cast() as cast:
        dead = world.nodes[1]
        cast.excused[dead.name] = ABNORMAL
        dead.kill()
        answer = await cast.end_over_http(wait_s=10)
        receipt = answer.body
        seen_at, complete_at = (
            datetime.fromisoformat(receipt[f"{what}_at"]) for what in ("first_seen", "completed")
        )
        cast.note(worst_s=(complete_at - seen_at).total_seconds())
        cast.check(receipt["state"] == "complete", f"the receipt is {receipt['state']}")
        names = [node["name"] for node in receipt["unconfirmed"]]
        cast.check(names == [dead.name], f"unconfirmed: {names}")
        counted = [node["name"] for node in receipt["nodes"] if node["closed"]]
        cast.check(dead.name not in counted, "a node that did not answer is counted as closed")
        await cast.watch(RECEIPT_S)
        return await cast.measured(RECEIPT_S)


@fault("node told to stop in the middle of a mass close", bound_s=BY_TAIL_S)
async def stopped(world: World) -> Measured:
    async with world.cast() as cast:
        node = world.nodes[1]
        cast.excused[node.name] = SHUTTING_DOWN
        await cast.add_victims(cast.session.token, per_node=100, every_s=1.0)
        await cast.end_by_sql()
        mine = [each for each in cast.victims if each.node == node.name]
        await asyncio.wait(
            [asyncio.ensure_future(each.over()) for each in mine], return_when=asyncio.FIRST_COMPLETED
        )
        node.terminate()
        asked_at = boot_seconds()
        await cast.watch(BY_TAIL_S)
        await world.until(lambda: not node.is_running, "it does not end", within_s=15)
        took_s = boot_seconds() - asked_at
        cast.check(took_s < 10.0, f"it took {took_s:.1f} s to end")
        told = {each.code for each in mine}
        cast.check(told == {4001}, f"victims were told {told}")
        left = {each.code for each in cast.bystanders if each.node == node.name}
        cast.check(left == {SHUTTING_DOWN}, f"bystanders were told {left}")
        return await cast.measured(BY_TAIL_S)


@fault("node cut off from PostgreSQL and Redis: no frame after a complete receipt", bound_s=LEASE_S)
async def cut_off(world: World) -> Measured:
    """It is listed as unconfirmed; when it is back, its late report is added, and the receipt stays complete."""
    async with world.cast() as cast:
        lost = world.nodes[1]
        with world.postgres_line.silent(), world.redis_line.silent():
            answer = await cast.end_over_http(wait_s=10)
            complete_at, receipt = boot_seconds(), answer.body
            cast.check(receipt["state"] == "complete", f"the receipt is {receipt['state']}")
            names = [node["name"] for node in receipt["unconfirmed"]]
            cast.check(names == [lost.name], f"unconfirmed: {names}")
        await cast.watch(LEASE_S + 5.0)
        late = [each for each in cast.victims if each.last_frame_at > complete_at]
        cast.check(not late, "a frame came after the receipt was complete")
        closed = await world.until_value(
            "SELECT closing = 0 AND clean + aborted + already_gone = 2 FROM receipt_node"
            " WHERE revocation_id = %(id)s AND node_name = %(name)s",
            id=receipt["id"],
            name=lost.name,
        )
        cast.check(closed, "the late report is missing")
        return await cast.measured(LEASE_S)
