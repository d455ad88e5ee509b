"""What a publisher gets out by the shards of a real cluster, whatever one of them does."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from redis.client import PubSub
from structlog.testing import capture_logs

from app.config import Settings
from app.embedded import RedisServer
from app.fanout.channels import Shard, shards_of
from app.fanout.shard_sender import ShardSender
from tests.fanout.conftest import settings_for, sharded_settings
from tests.redis_cluster import ClusterServer, RedisCluster

TIMEOUT_S = 0.4


@contextlib.contextmanager
def ear_on(shard: Shard, server: ClusterServer) -> Iterator[PubSub]:
    with Redis.from_url(server.url, protocol=2) as client, client.pubsub() as ear:
        ear.ssubscribe(shard.close)
        assert ear.get_message(timeout=5)
        yield ear


@contextlib.contextmanager
def ears(cluster: RedisCluster, settings: Settings) -> Iterator[dict[Shard, PubSub]]:
    with contextlib.ExitStack() as stack:
        yield {
            shard: stack.enter_context(ear_on(shard, cluster.owner_of(shard)))
            for shard in shards_of(settings)
        }


@contextlib.contextmanager
def sending(settings: Settings) -> Iterator[ShardSender]:
    sender = ShardSender(settings)
    yield sender
    sender.close()


def heard_by(ear: PubSub) -> list[bytes]:
    heard = []
    while message := ear.get_message(timeout=0.2):
        heard.append(message["data"])
    return heard


def seconds_of(sender: ShardSender, *, is_taken: bool = True) -> float:
    start = time.monotonic()
    assert sender.send([b"x"]) is is_taken
    return time.monotonic() - start


def taken_within(sender: ShardSender, within_s: float) -> None:
    gives_up_at = time.monotonic() + within_s
    while not sender.send([b"x"]):
        assert time.monotonic() < gives_up_at
        time.sleep(0.01)


def test_batches_take_turns_and_each_is_whole(cluster: RedisCluster, sharded: Settings) -> None:
    batches = [[b"%d a" % number, b"%d b" % number] for number in range(6)]
    with ears(cluster, sharded) as listening, sending(sharded) as sender:
        assert all(sender.send(batch) for batch in batches)
        heard = [heard_by(ear) for ear in listening.values()]
    assert [len(messages) for messages in heard] == [4, 4, 4]
    assert sorted(message for messages in heard for message in messages) == [m for b in batches for m in b]


def test_shards_of_one_master_are_left_alone_together(cluster: RedisCluster) -> None:
    settings = sharded_settings(cluster, publish_timeout=TIMEOUT_S)
    shard, *_ = shards_of(settings)
    with cluster.moved(shard) as frozen, ears(cluster, settings), sending(settings) as sender:
        assert all(sender.send([b"warm"]) for _ in range(3))
        frozen.freeze()
        costs = [seconds_of(sender) for _ in range(9)]
        frozen.thaw()
    assert sum(cost > TIMEOUT_S / 4 for cost in costs) == 1


def test_what_a_shard_that_nobody_hears_has_taken_goes_by_another_as_well(
    cluster: RedisCluster, sharded: Settings
) -> None:
    """A master that was promoted a moment ago: nodes are still on their way to it."""
    shard, *_ = shards_of(sharded)
    with ear_on(shard, cluster.owner_of(shard)) as ear, sending(sharded) as sender:
        assert all(sender.send([b"x"]) for _ in range(6))
        assert heard_by(ear) == [b"x"] * 6


def test_without_any_listener_it_is_taken(sharded: Settings) -> None:
    with sending(sharded) as sender:
        assert sender.send([b"x"])


def test_a_master_that_was_killed_costs_no_message_and_next_to_no_time(
    cluster: RedisCluster, sharded: Settings
) -> None:
    lost, *others = shards_of(sharded)
    with ears(cluster, sharded) as listening, sending(sharded) as sender:
        cluster.owner_of(lost).kill()
        with capture_logs() as logs:
            assert max(seconds_of(sender) for _ in range(30)) < 0.3
        assert sum(len(heard_by(listening[shard])) for shard in others) == 30
    assert [log["event"] for log in logs] == ["shard_set_aside"]


def test_a_frozen_master_costs_half_a_time_out_once_and_not_for_each_message(
    cluster: RedisCluster,
) -> None:
    settings = sharded_settings(cluster, publish_timeout=TIMEOUT_S)
    shard, *_ = shards_of(settings)
    frozen = cluster.owner_of(shard)
    with ears(cluster, settings), sending(settings) as sender:
        for _ in range(3):
            assert sender.send([b"warm"])
        frozen.freeze()
        costs = [seconds_of(sender) for _ in range(30)]
    assert max(costs) < TIMEOUT_S
    assert sum(cost > TIMEOUT_S / 4 for cost in costs) == 1


def test_a_cluster_that_is_frozen_altogether_costs_a_bounded_time(cluster: RedisCluster) -> None:
    settings = sharded_settings(cluster, publish_timeout=TIMEOUT_S)
    with sending(settings) as warm, sending(settings) as cold:
        assert warm.send([b"x"])
        for server in cluster.servers:
            server.freeze()
        for sender in (warm, cold):
            for _ in range(3):
                assert seconds_of(sender, is_taken=False) < 2 * TIMEOUT_S
        for server in cluster.servers:
            server.thaw()
        for sender in (warm, cold):
            taken_within(sender, 5)


def test_a_slot_that_has_moved_is_followed_without_a_failure(
    cluster: RedisCluster, sharded: Settings
) -> None:
    shard, *_ = shards_of(sharded)
    with sending(sharded) as sender:
        assert sender.send([b"x"])
        with cluster.moved(shard), ears(cluster, sharded) as listening, capture_logs() as logs:
            assert all(sender.send([b"x"]) for _ in range(3))
            assert heard_by(listening[shard]) == [b"x"]
    assert logs == []


def test_after_a_failover_the_shard_is_used_again_at_its_new_master(
    cluster: RedisCluster, sharded: Settings
) -> None:
    shard, *_ = shards_of(sharded)
    killed = cluster.owner_of(shard)
    heir = cluster.replica_of(killed)
    with sending(sharded) as sender:
        assert sender.send([b"x"])
        killed.kill()
        assert all(sender.send([b"x"]) for _ in range(3))
        cluster.until_owned_by(shard, heir)
        with ears(cluster, sharded) as listening:
            time_out_at = time.monotonic() + 10
            while not heard_by(listening[shard]):
                assert time.monotonic() < time_out_at
                assert all(sender.send([b"x"]) for _ in range(3))


def test_many_threads_may_send_at_once_from_the_first_message_on(
    cluster: RedisCluster, sharded: Settings
) -> None:
    with ears(cluster, sharded) as listening, sending(sharded) as sender, ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda number: sender.send([b"%d" % number]), range(80)))
        heard = Counter(message for ear in listening.values() for message in heard_by(ear))
    assert heard == Counter(b"%d" % number for number in range(80))


def test_a_server_that_is_no_cluster_takes_nothing(redis: RedisServer) -> None:
    settings = settings_for(redis.url, channel_shards=3, celery_broker_url=redis.url)
    with sending(settings) as sender, capture_logs() as logs:
        assert not sender.send([b"x"])
    assert [log["event"] for log in logs] == ["cluster_unknown", "publish_failed"]
    assert "cluster support disabled" in logs[0]["error"]


def test_no_secret_is_logged(cluster: RedisCluster) -> None:
    settings = settings_for(
        f"redis://:not-the-password@127.0.0.1:{cluster.servers[0].port}",
        channel_shards=3,
        celery_broker_url="redis://x",
    )
    with sending(settings) as sender, capture_logs() as logs:
        assert not sender.send([b"x"])
    assert "not-the-password" not in repr(logs)


def test_closing_twice_is_once(sharded: Settings) -> None:
    sender = ShardSender(sharded)
    sender.close()
    sender.close()


@pytest.mark.parametrize("process", range(3))
def test_processes_begin_at_different_shards(
    sharded: Settings, monkeypatch: pytest.MonkeyPatch, process: int
) -> None:
    monkeypatch.setattr("os.getpid", lambda: process)
    first = next(ShardSender(sharded)._in_turn())
    monkeypatch.setattr("os.getpid", lambda: process + 1)
    assert next(ShardSender(sharded)._in_turn()) != first
