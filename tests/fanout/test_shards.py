"""A node that hears all shards of a real cluster, while masters are killed, replaced and frozen, and slots move."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

from structlog.testing import capture_logs

from app.config import Settings
from app.domain.targets import TargetKind
from app.embedded import RedisServer
from app.fanout.channels import shards_of
from app.fanout.publisher import Publisher
from app.fanout.publishing_client import publishing_client
from app.fanout.publishing_line import PublishingLine
from app.fanout.redis_address import RedisAddress
from app.fanout.routes import FixedRoute
from app.fanout.subscriber import CLOSED
from app.fanout.subscription_health import SILENT_TICKS
from app.fanout.wire import BusCodec
from tests.fanout.closures import SYSTEM, closure_of, hash_number
from tests.fanout.conftest import settings_for
from tests.fanout.listening import TICK_S, Listening, Recorder, eventually, lag_measured, listening
from tests.fanout.silent_proxy import silent_proxy
from tests.redis_cluster import MASTERS, RedisCluster

STORM = 3_000
LAG_BOUND_S = 0.25
BACK_WITHIN_S = 20.0


def session(number: int):
    return closure_of(TargetKind.SESSION, hash_number(number))


def closed_by(node: Listening) -> set[str]:
    return {key for _, key in node.called}


async def closes(node: Listening, settings: Settings, *numbers: int) -> None:
    """The doorbell works: what is published now closes."""
    with Publisher(settings) as publisher:
        for number in numbers:
            assert await asyncio.to_thread(publisher.publish, [session(number)], system_identifier=SYSTEM)
    await eventually(lambda: {hash_number(number) for number in numbers} <= closed_by(node))


@contextlib.asynccontextmanager
async def storm(settings: Settings) -> AsyncIterator[list[int]]:
    """Some thousand revocations, one message each, and more until the block ends; those that Redis took."""
    taken: list[int] = []
    is_enough = False

    async def publish() -> None:
        numbers = itertools.count()
        with Publisher(settings) as publisher:
            while not is_enough or len(taken) < STORM:
                number = next(numbers)
                assert await asyncio.to_thread(publisher.publish, [session(number)], system_identifier=SYSTEM)
                taken.append(number)

    task = asyncio.create_task(publish())
    try:
        await eventually(lambda: len(taken) >= STORM / 10 or task.done())
        yield taken
    finally:
        is_enough = True
    await task


async def test_a_close_request_is_heard_by_whichever_shard_it_comes(sharded: Settings) -> None:
    codec = BusCodec.from_settings(sharded)
    async with listening(sharded) as node:
        for number, shard in enumerate(shards_of(sharded)):
            address = await node.subscriber._subscriptions[number].route.find()
            with publishing_client(sharded, timeout_s=2, place=(address.host, address.port)) as client:
                messages = codec.encode([session(number)], system_identifier=SYSTEM)
                assert await asyncio.to_thread(PublishingLine(client).publish, shard, messages) == 1
        await eventually(lambda: closed_by(node) == {hash_number(number) for number in range(MASTERS)})
    assert node.rings == ["subscribed"] * MASTERS + [CLOSED] * MASTERS


async def test_a_node_is_subscribed_and_hears_its_echo_only_when_that_is_so_for_every_shard(
    sharded: Settings,
) -> None:
    async with listening(sharded) as node:
        subscriber = node.subscriber
        await eventually(lambda: subscriber.last_echo_at is not None)
        for subscription in subscriber._subscriptions:
            echo_at, subscription.last_echo_at = subscription.last_echo_at, None
            assert subscriber.last_echo_at is None
            subscription.last_echo_at = echo_at
            subscription.health.is_confirmed = False
            assert not subscriber.is_subscribed
            subscription.health.is_confirmed = True
        assert subscriber.is_subscribed
        assert subscriber.last_echo_at == min(each.last_echo_at or 0 for each in subscriber._subscriptions)


async def test_a_master_that_is_killed_in_a_storm_costs_its_own_messages_and_its_heir_is_found(
    cluster: RedisCluster, sharded: Settings
) -> None:
    """Another shard takes what this one does not. What got lost with it, the tail reads: the new confirmation rings."""
    shard, *_ = shards_of(sharded)
    async with listening(sharded) as node:
        async with storm(sharded) as taken:
            killed = cluster.owner_of(shard)
            heir = cluster.replica_of(killed)
            await asyncio.to_thread(killed.kill)
            await eventually(lambda: not node.subscriber.is_subscribed)
            await eventually(lambda: node.subscriber.is_subscribed, within_s=BACK_WITHIN_S)
        assert cluster.owner_of(shard) is heir
        await eventually(lambda: len(closed_by(node)) >= 0.99 * len(taken))
        assert node.subscriber.counts.gaps == MASTERS + 1
        assert [ring for ring in node.rings if ring == "subscribed"] == ["subscribed"] * (MASTERS + 1)
        await closes(node, sharded, *range(len(taken), len(taken) + MASTERS))


async def test_a_failover_by_hand_in_a_storm_costs_nothing(cluster: RedisCluster, sharded: Settings) -> None:
    """The old master becomes a replica, and passes on what its heir is given."""
    shard, *_ = shards_of(sharded)
    async with listening(sharded) as node:
        async with storm(sharded) as taken:
            heir = cluster.replica_of(cluster.owner_of(shard))
            await asyncio.to_thread(heir.ask, "CLUSTER", "FAILOVER")
            await asyncio.to_thread(cluster.until_owned_by, shard, heir)
        await eventually(lambda: len(closed_by(node)) >= len(taken) - 1)
        await eventually(lambda: node.subscriber.is_subscribed, within_s=BACK_WITHIN_S)
        await closes(node, sharded, *range(len(taken), len(taken) + MASTERS))


async def test_a_slot_that_moves_is_a_gap_and_is_followed(cluster: RedisCluster, sharded: Settings) -> None:
    shard, *_ = shards_of(sharded)
    with capture_logs() as logs:
        async with listening(sharded) as node:
            with cluster.moved(shard):
                await eventually(lambda: node.subscriber.losses["moved"] >= 1)
                await eventually(lambda: node.subscriber.is_subscribed)
                assert node.rings[MASTERS:] == ["subscribed"]
                await closes(node, sharded, *range(MASTERS))
            await eventually(lambda: node.rings.count("subscribed") == MASTERS + 2)
            await closes(node, sharded, *range(MASTERS, 2 * MASTERS))
    assert {log["event"] for log in logs} == {"bus_lost", "bus_subscribed"}


async def test_a_server_that_sends_us_elsewhere_is_obeyed(cluster: RedisCluster, sharded: Settings) -> None:
    """`MOVED`, to a node that was told where the slot was a moment ago."""
    shard, *_ = shards_of(sharded)
    async with listening(sharded) as node:
        subscription, *_ = node.subscriber._subscriptions
        wrong = next(
            s for s in cluster.servers if s is not cluster.owner_of(shard) and s.facts["role"] == "master"
        )
        subscription.route.is_redirected_by(f"MOVED {shard.slot} 127.0.0.1:{wrong.port}")
        subscription._abort("a test")
        await eventually(lambda: subscription.losses == {"a test": 1, "moved": 1})
        await eventually(lambda: node.subscriber.is_subscribed)
        await closes(node, sharded, *range(MASTERS))


async def test_a_frozen_master_is_noticed_by_its_silence_and_its_heir_is_found(
    cluster: RedisCluster, sharded: Settings
) -> None:
    shard, *_ = shards_of(sharded)
    frozen = cluster.owner_of(shard)
    async with lag_measured() as lags, listening(sharded) as node:
        await asyncio.to_thread(frozen.freeze)
        await eventually(lambda: not node.subscriber.is_subscribed, within_s=SILENT_TICKS * TICK_S + 2)
        assert node.subscriber.losses["silent"] == 1
        await closes(node, sharded, *range(MASTERS))
        await eventually(lambda: node.subscriber.is_subscribed, within_s=BACK_WITHIN_S)
        await asyncio.to_thread(frozen.thaw)
        await closes(node, sharded, *range(MASTERS, 3 * MASTERS))
    assert max(lags) < LAG_BOUND_S


async def test_a_shard_whose_messages_do_not_arrive_any_more_is_found_deaf(
    cluster: RedisCluster, sharded: Settings
) -> None:
    """B264, for one shard of several: its connection answers pings, and brings nothing."""
    async with silent_proxy(cluster.owner_of(shards_of(sharded)[0]).url) as (proxy, url):
        async with listening(sharded) as node:
            subscription, *_ = node.subscriber._subscriptions
            to_the_cluster, subscription.route = subscription.route, FixedRoute(RedisAddress.parse(url))
            subscription._abort("a test")
            await eventually(lambda: subscription.losses.total() == 1 and node.subscriber.is_subscribed)
            proxy.drops = b"smessage"
            await eventually(lambda: subscription.losses["deaf"] == 1)
            subscription.route = to_the_cluster
            await eventually(lambda: node.subscriber.is_subscribed)
            await closes(node, sharded, *range(MASTERS))
            assert [each.losses.total() for each in node.subscriber._subscriptions[1:]] == [0] * (MASTERS - 1)


async def test_a_server_that_is_no_cluster_is_no_doorbell(redis: RedisServer) -> None:
    settings = settings_for(redis.url, channel_shards=3, celery_broker_url=redis.url)
    async with listening(settings, confirmed=False) as node:
        await eventually(lambda: node.subscriber.losses["RedisRefusedError"] >= 3)
        assert not node.subscriber.is_subscribed


async def test_one_channel_works_on_a_cluster_too(cluster: RedisCluster) -> None:
    """Each server passes it on to all others: that is what shards save."""
    plain = settings_for(cluster.url)
    elsewhere = settings_for(cluster.servers[0].url, namespace=plain.namespace)
    async with listening(plain) as node:
        with Publisher(elsewhere) as publisher:
            assert await asyncio.to_thread(publisher.publish, [session(1)], system_identifier=SYSTEM)
        await eventually(lambda: closed_by(node) == {hash_number(1)})


async def test_stopping_takes_no_time_while_the_cluster_is_frozen(
    cluster: RedisCluster, sharded: Settings
) -> None:
    async with listening(sharded, closer=Recorder()):
        for server in cluster.servers:
            await asyncio.to_thread(server.freeze)
