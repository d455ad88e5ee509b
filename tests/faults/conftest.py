"""One world for each pytest worker: scenarios heal it before they break it."""

from collections.abc import Iterator

import pytest

from tests.faults.cluster_world import ClusterWorld, running_cluster_world
from tests.faults.world import World, running_world
from tests.redis_cluster import RedisCluster


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture(scope="session")
def cluster_world(one_cluster: RedisCluster) -> Iterator[ClusterWorld]:
    with running_cluster_world(one_cluster) as world:
        yield world
