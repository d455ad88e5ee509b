from uuid import UUID

import pytest
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from app.config import SettingsError, load_settings
from app.domain.ids import NodeId
from app.fanout.channels import PLAIN, SHARDED, shards_of
from app.fanout.wire import close_channel, echo_channel
from tests.fanout.conftest import settings_for

NODE = NodeId(UUID(int=1))


def shards(count: int, namespace: str = "cutoff"):
    return shards_of(
        settings_for(
            "redis://nowhere", namespace=namespace, channel_shards=count, celery_broker_url="redis://x"
        )
    )


def test_one_shard_is_the_plain_channel() -> None:
    (only,) = shards(1)
    assert (only.close, only.echo(NODE)) == (close_channel("cutoff"), echo_channel("cutoff", NODE))
    assert only.verbs == PLAIN


def test_three_shards_are_named_so_that_each_of_three_masters_carries_one() -> None:
    """Other languages count on these names: docs/asyncapi.yaml."""
    assert [shard.close for shard in shards(3)] == [
        "cutoff:close:{3}",
        "cutoff:close:{1}",
        "cutoff:close:{0}",
    ]
    assert all(shard.verbs == SHARDED for shard in shards(3))


@pytest.mark.parametrize("count", [2, 3, 5, 16, 64])
def test_each_shard_lies_in_its_own_part_of_the_slots(count: int) -> None:
    parts = [shard.slot * count // REDIS_CLUSTER_HASH_SLOTS for shard in shards(count)]
    assert parts == list(range(count))


def test_a_start_with_shards_needs_a_broker_that_is_no_cluster() -> None:
    with pytest.raises(
        SettingsError, match="CELERY_BROKER_URL must be set where CUTOFF_CHANNEL_SHARDS is above 1"
    ):
        load_settings(database_url="postgresql://nowhere", redis_url="redis://nowhere", channel_shards=2)


def test_an_echo_takes_the_way_of_the_close_requests() -> None:
    for shard in shards(16, namespace="a.name-of_ours"):
        assert key_slot(shard.echo(NODE).encode()) == key_slot(shard.close.encode()) == shard.slot
