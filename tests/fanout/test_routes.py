import asyncio

import pytest

from app.config import Settings
from app.embedded import RedisServer
from app.fanout.channels import shards_of
from app.fanout.redis_address import RedisAddress
from app.fanout.redis_stream import RedisRefusedError
from app.fanout.routes import Cluster, FixedRoute, ShardRoute, routes_to
from tests.fanout.listening import eventually
from tests.redis_cluster import RedisCluster


async def test_a_plain_channel_is_always_at_the_same_address(settings: Settings) -> None:
    (only,) = shards_of(settings)
    route = routes_to(settings)(only)
    assert route == FixedRoute(RedisAddress.parse(settings.redis_url))
    assert await route.find() == RedisAddress.parse(settings.redis_url)
    assert not route.is_redirected_by("MOVED 3999 127.0.0.1:6381")


async def test_each_shard_is_at_the_master_of_its_slot(cluster: RedisCluster, sharded: Settings) -> None:
    route_to = routes_to(sharded)
    for shard in shards_of(sharded):
        assert (await route_to(shard).find()).port == cluster.owner_of(shard).port


async def test_a_redirection_is_followed_once_and_then_the_cluster_is_asked_again(
    cluster: RedisCluster, sharded: Settings
) -> None:
    shard, *_ = shards_of(sharded)
    route = ShardRoute(Cluster(RedisAddress.parse(cluster.url)), shard.slot)
    assert not route.is_redirected_by("NOPERM no")
    assert route.is_redirected_by(f"MOVED {shard.slot} 127.0.0.1:7")
    assert (await route.find()).port == 7
    assert (await route.find()).port == cluster.owner_of(shard).port


async def test_when_the_first_server_is_gone_the_others_are_asked(
    cluster: RedisCluster, sharded: Settings
) -> None:
    """What REDIS_URL names is needed once."""
    shard, *_ = shards_of(sharded)
    servers = Cluster(RedisAddress.parse(cluster.url))
    await servers.owner_of(shard.slot)
    await asyncio.to_thread(cluster.servers[-1].freeze)
    with pytest.raises(TimeoutError):
        await servers.owner_of(shard.slot)
    assert (await servers.owner_of(shard.slot)).port == cluster.owner_of(shard).port
    await asyncio.to_thread(cluster.servers[-1].thaw)


async def test_a_server_that_is_no_cluster_refuses(redis: RedisServer) -> None:
    with pytest.raises(RedisRefusedError, match="cluster support disabled"):
        await Cluster(RedisAddress.parse(redis.url)).owner_of(1)


async def test_asking_leaves_no_connection(cluster: RedisCluster) -> None:
    server = cluster.servers[-1]
    for _ in range(20):
        await Cluster(RedisAddress.parse(cluster.url)).owner_of(1)
    await eventually(lambda: str(server.ask("CLIENT", "LIST")).count("cmd=cluster|slots") == 0)
