"""The doorbell is a Redis Cluster of three masters: whatever becomes of one of them, the bound holds, and mostly the doorbell."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable

import pytest

from app.fanout.channels import shards_of
from tests.faults.bounds import ALLOWANCE_S, BY_DOORBELL_S, BY_TAIL_S, GAP_S
from tests.faults.cluster_world import SESSIONS, ClusterWorld, Storm, a_storm
from tests.faults.fault import Measured
from tests.redis_cluster import MASTERS

pytestmark = [pytest.mark.timeout(240)]

Break = Callable[[ClusterWorld], Awaitable[None]]


async def killed(world: ClusterWorld) -> None:
    """Its replica is promoted when the others have missed it for long enough."""
    shard, *_ = shards_of(world.settings)
    await asyncio.to_thread(world.cluster.owner_of(shard).kill)


async def frozen(world: ClusterWorld) -> None:
    """Its connections stay open, and nothing comes."""
    shard, *_ = shards_of(world.settings)
    await asyncio.to_thread(world.cluster.owner_of(shard).freeze)


async def replaced_by_hand(world: ClusterWorld) -> None:
    """`CLUSTER FAILOVER`."""
    shard, *_ = shards_of(world.settings)
    heir = world.cluster.replica_of(world.cluster.owner_of(shard))
    await asyncio.to_thread(heir.ask, "CLUSTER", "FAILOVER")
    await asyncio.to_thread(world.cluster.until_owned_by, shard, heir)


@pytest.mark.parametrize("break_one_master", [killed, frozen, replaced_by_hand])
def test_in_a_storm_no_socket_outlives_the_tails_bound_and_the_doorbell_is_whole_again(
    cluster_world: ClusterWorld, break_one_master: Break
):
    async def scenario(storm: Storm) -> None:
        raging = asyncio.create_task(storm.rage())
        await cluster_world.until(lambda: storm.performed > SESSIONS / 10, "the storm does not begin")
        await break_one_master(cluster_world)
        assert storm.performed < SESSIONS, "it happens in the middle"
        await raging

    async def played() -> None:
        await cluster_world.heal()
        async with a_storm(cluster_world) as storm:
            await scenario(storm)
            lives_s = await storm.lives_s()
            assert storm.failures == 0, "what one shard does not take goes by another"
            assert max(lives_s) <= BY_TAIL_S + ALLOWANCE_S
            assert statistics.median(lives_s) <= BY_DOORBELL_S
            assert {each.socket.code for each in storm.held} == {4001}
            assert {each.socket.code for each in storm.bystanders} == {None}
            assert await storm.all_bystanders_speak()
            for node in cluster_world.nodes:
                await cluster_world.until_current(node)

    cluster_world.run(played())


def test_a_revocation_over_http_closes_at_once_by_whichever_shard_it_goes(cluster_world: ClusterWorld):
    async def played() -> list[Measured]:
        await cluster_world.heal()
        return [await ended_over_http() for _ in range(MASTERS)]

    async def ended_over_http() -> Measured:
        async with cluster_world.cast() as cast:
            await cast.count_from_the_commit(await cast.end_over_http())
            await cast.watch(BY_DOORBELL_S)
            cast.check_no_gap(GAP_S)
            return await cast.measured(BY_DOORBELL_S)

    for measured in cluster_world.run(played()):
        assert measured.worst_s <= BY_DOORBELL_S + ALLOWANCE_S
        assert (measured.survivors, measured.false_closes, measured.problems) == (0, 0, [])
