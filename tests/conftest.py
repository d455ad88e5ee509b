"""Real servers, once a pytest worker: those of `DATABASE_URL` and `REDIS_URL`, else embedded ones; an empty database a test."""

import gc
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.config import Environment, Settings
from app.data.engine import Database
from app.embedded import RedisServer, scratch_folder, start_postgres, start_redis
from tests.builders import Builders
from tests.databases import TestDatabases
from tests.pgbouncer import PgBouncer, a_pgbouncer
from tests.redis_cluster import RedisCluster, running_cluster

GIVEN_DATABASE_URL = os.environ.get("DATABASE_URL", "")
GIVEN_REDIS_URL = os.environ.get("REDIS_URL", "")
BUS_KEY = "a key of the tests"


# A machine with other work on it makes no example slow, and no strategy bad.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

PROOFS = ("faults", "simulation", "soak")
"""Folders whose tests take minutes in sum: `make prove`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in PROOFS:
            item.add_marker(pytest.mark.proof)


MANY_OBJECTS = 100_000


@pytest.fixture(autouse=True)
def _small_heap() -> None:
    """What pytest keeps of all tests is in no collection: a full one would stop each loop that a test times for 0.3 s."""
    if len(gc.get_objects(generation=2)) > MANY_OBJECTS:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def xdist_worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0")


@pytest.fixture(scope="session")
def databases(xdist_worker: str) -> Iterator[TestDatabases]:
    with scratch_folder() as folder:
        server = None if GIVEN_DATABASE_URL else start_postgres(folder / "postgres", durable=False)
        made = TestDatabases(server.url if server else GIVEN_DATABASE_URL, worker=xdist_worker)
        yield made
        made.close()
        if server:
            server.kill()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer | None]:
    """This worker's own server, to be frozen and killed; None where `REDIS_URL` names somebody else's."""
    if GIVEN_REDIS_URL:
        yield None
        return
    with scratch_folder() as folder:
        server = start_redis(folder / "redis")
        yield server
        server.kill()


@pytest.fixture
def redis_url(redis_server: RedisServer | None) -> Iterator[str]:
    """A Redis that answers, whatever the test before has done to it."""
    if redis_server is None:
        yield GIVEN_REDIS_URL
        return
    redis_server.thaw()
    redis_server.start_again()
    yield redis_server.url
    redis_server.thaw()


@pytest.fixture(scope="session")
def one_cluster() -> Iterator[RedisCluster]:
    """Always our own."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(one_cluster: RedisCluster) -> RedisCluster:
    """Whole, whatever the test before has done to it."""
    one_cluster.heal()
    return one_cluster


@pytest.fixture
def database_url(databases: TestDatabases) -> Iterator[str]:
    with databases.clone() as url:
        yield url


@pytest.fixture
def pooler(database_url: str) -> Iterator[PgBouncer]:
    """Before this test's database. It refuses whoever gives options when connecting."""
    with a_pgbouncer(database_url) as pooler:
        yield pooler


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """Those of production, but for the time a stepped transaction may idle. The namespace is this test's own."""
    return Settings.model_validate(
        {
            "database_url": database_url,
            "redis_url": redis_url,
            "env": Environment.DEVELOPMENT,
            "namespace": f"test-{uuid7().hex}",
            "bus_key": BUS_KEY,
            "idle_in_transaction_timeout": timedelta(seconds=30),
            "cookie_secure": False,
        }
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings, application_name="tests")
    yield database
    database.dispose()


@pytest.fixture
def db(database: Database) -> Iterator[Connection]:
    """A transaction that the test may commit, any number of times; rolled back at the end."""
    with database.engine.connect() as db:
        yield db


@pytest.fixture
def make(database: Database) -> Builders:
    """Makes committed accounts, sessions, tokens and grants."""
    return Builders(database)
