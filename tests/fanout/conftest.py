"""One Redis for the session, repaired before each test; a namespace for each test."""

from collections.abc import Iterator

import hypothesis
import pytest
import uuid_utils.compat as uuid_utils

from app.config import Settings
from app.embedded import RedisServer, scratch_folder, start_redis
from tests.redis_cluster import MASTERS, RedisCluster

BUS_KEY = "a key of the tests"

# How long an example takes says more about who else is on the machine than about the code.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def one_redis() -> Iterator[RedisServer]:
    with scratch_folder() as folder:
        server = start_redis(folder / "redis")
        yield server
        server.kill()


@pytest.fixture
def redis(one_redis: RedisServer) -> Iterator[RedisServer]:
    """A running server, whatever the test before has done to it."""
    one_redis.start_again()
    yield one_redis
    one_redis.thaw()


@pytest.fixture
def sharded(cluster: RedisCluster) -> Settings:
    """A shard for each master."""
    return sharded_settings(cluster)


@pytest.fixture
def settings(redis: RedisServer) -> Settings:
    return settings_for(redis.url)


def sharded_settings(cluster: RedisCluster, **others: object) -> Settings:
    return settings_for(cluster.url, channel_shards=MASTERS, celery_broker_url="redis://nowhere", **others)


def settings_for(redis_url: str, **others: object) -> Settings:
    defaults: dict[str, object] = {
        "database_url": "postgresql://nowhere",
        "redis_url": redis_url,
        "namespace": f"test-{uuid_utils.uuid7().hex}",
        "bus_key": BUS_KEY,
    }
    return Settings.model_validate({**defaults, **others})
