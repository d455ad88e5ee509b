import threading
import time

from app.fanout.channels import shards_of
from app.fanout.cluster_clients import ClusterClients
from tests.fanout.conftest import settings_for, sharded_settings
from tests.redis_cluster import RedisCluster

TIMEOUT_S = 0.3


def clients_of(cluster: RedisCluster) -> ClusterClients:
    return ClusterClients(sharded_settings(cluster), timeout_s=TIMEOUT_S)


def test_it_knows_the_master_of_each_shard_and_keeps_one_client_of_it(cluster: RedisCluster) -> None:
    clients = clients_of(cluster)
    for shard in shards_of(sharded_settings(cluster)):
        place = clients.owner_of(shard.slot)
        assert place == ("127.0.0.1", cluster.owner_of(shard).port)
        assert clients.is_well(shard.slot)
        assert clients.client_of(place) is clients.client_of(place)
    clients.close()
    clients.close()


def test_a_slot_that_was_followed_is_there_until_the_cluster_is_asked_again(cluster: RedisCluster) -> None:
    clients = clients_of(cluster)
    home = clients.owner_of(1)
    assert home is not None
    clients.follow(1, ("elsewhere", 7))
    assert clients.owner_of(1) == ("elsewhere", 7)
    assert clients.owner_of(2) == home
    clients._look()
    assert clients.owner_of(1) == home
    clients.close()


def test_whoever_is_set_aside_is_not_well_and_the_cluster_is_asked_again_meanwhile(
    cluster: RedisCluster,
) -> None:
    clients = clients_of(cluster)
    place = clients.owner_of(1)
    assert place is not None
    looked_at = clients._looked_at
    assert clients.owner_of(1) == place
    assert clients._looked_at == looked_at, "all is well: nobody asks"
    clients.set_aside(place)
    assert not clients.is_well(1)
    clients._looked_at -= 10
    assert clients.owner_of(1) == place
    assert clients._looked_at >= looked_at
    clients.close()


def test_who_has_a_map_does_not_wait_for_the_one_that_asks(cluster: RedisCluster) -> None:
    clients = clients_of(cluster)
    place = clients.owner_of(1)
    assert place is not None
    clients.set_aside(place)
    clients._looked_at -= 10
    with clients._asking:
        start = time.monotonic()
        assert clients.owner_of(1) == place
        assert time.monotonic() - start < TIMEOUT_S / 2
    clients.close()


def test_nobody_is_known_while_nobody_answers_and_finding_that_out_is_not_repeated_at_once() -> None:
    clients = ClusterClients(
        settings_for("redis://127.0.0.1:1", channel_shards=3, celery_broker_url="redis://x"),
        timeout_s=TIMEOUT_S,
    )
    assert clients.owner_of(1) is None
    looked_at = clients._looked_at
    assert not clients.is_well(2)
    assert clients._looked_at == looked_at


def test_the_first_threads_wait_for_the_map(cluster: RedisCluster) -> None:
    clients = clients_of(cluster)
    owners: list[object] = []
    threads = [threading.Thread(target=lambda: owners.append(clients.owner_of(1))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(owners)) == 1
    assert None not in owners
    clients.close()
