"""Nodes without a server before them are current, read the log, and apply what is revoked: what `fleet-size` counts."""

import sys
from collections.abc import Iterator

import pytest

from app.clock import boot_seconds, sleep_seconds
from app.config import Settings
from app.data.engine import Database
from app.fanout.publisher import Publisher
from app.operations.perform import perform
from benchmarks.children import Helper, helper
from benchmarks.stacks.ours import sessions_of_accounts
from benchmarks.stacks.requests import asked_for

NODES = 3


@pytest.fixture
def nodes(settings: Settings) -> Iterator[Helper]:
    assert settings.bus_key
    environment = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CUTOFF_NAMESPACE": settings.namespace,
        "CUTOFF_BUS_KEY": settings.bus_key.get_secret_value(),
    }
    with helper([sys.executable, "-m", "benchmarks.light_nodes", str(NODES)], environment) as process:
        assert process.answer() == {"ready": NODES}
        yield process


def test_every_light_node_applies_a_revocation_and_says_when(
    nodes: Helper, settings: Settings, database: Database
):
    revocation_id = asked_for(database, sessions_of_accounts(settings.database_url, 1)[0])
    began_at = boot_seconds()
    with Publisher(settings) as publisher:
        perform(database, publisher, revocation_id)
    while (told := nodes.ask(applied=[str(revocation_id)]))["nodes"] != [NODES]:
        assert boot_seconds() < began_at + 10, told
    assert began_at < told["last_at"][0] <= boot_seconds()


def test_light_nodes_read_the_log_each_second_and_none_fails(nodes: Helper):
    before = nodes.ask(count=True)
    sleep_seconds(1.5)
    after = nodes.ask(count=True)
    assert after["polls"] - before["polls"] >= NODES
    assert after["failures"] == before["failures"]
