"""`cutoff doctor`: what is wrong is found on the real thing, and nothing is where nothing is."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis import Redis

from app.cli.doctor import queue
from app.cli.doctor.bus import check_bus
from app.cli.doctor.configuration import judge_settings
from app.cli.doctor.database import judge_clocks, judge_server
from app.cli.doctor.examination import examine
from app.config import Settings
from app.data.engine import Database
from app.data.rows import run
from app.domain.findings import Finding, Verdict
from app.fanout.channels import shards_of
from app.operations.examine_server import examine_server
from tests.databases import TestDatabases
from tests.pgbouncer import PgBouncer
from tests.realtime.conditions import eventually
from tests.realtime.nodes import a_node, quick
from tests.redis_cluster import RedisCluster

OK, WARNING, PROBLEM = Verdict.OK, Verdict.WARNING, Verdict.PROBLEM


@pytest.fixture(autouse=True)
def _nobody_is_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs here."""
    monkeypatch.setattr(queue, "ANSWER_WITHIN_S", 0.3)


@pytest.fixture
def found(settings: Settings) -> Callable[..., Mapping[str, Finding]]:
    def examined(**changes: Any) -> Mapping[str, Finding]:
        return {each.check: each for each in examine(settings.model_copy(update=changes))}

    return examined


@pytest.fixture
def sql(database: Database) -> Callable[..., None]:
    def execute(statement: str, **parameters: object) -> None:
        with database.session() as db:
            run(db, statement, **parameters)

    return execute


def as_user(name: str, redis_url: str) -> str:
    parts = urlsplit(redis_url)
    return f"redis://{name}:x@{parts.hostname}:{parts.port}/0"


def test_servers_that_are_well_are_found_well(found):
    findings = found()
    for check in (
        "settings",
        "bus_key",
        "postgresql",
        "clocks",
        "tables",
        "triggers",
        "receipts",
        "redis",
        "doorbell",
    ):
        assert findings[check].verdict is OK, findings[check]
    assert "too old" not in findings["postgresql"].means


def test_each_finding_that_is_not_ok_says_what_to_do(found):
    for finding in found(bus_key=None).values():
        assert bool(finding.do) is (finding.verdict is not OK), finding


def test_a_trigger_that_is_disabled_is_named_with_its_table(found, sql):
    """B266."""
    sql("ALTER TABLE api_token DISABLE TRIGGER api_token_updated")
    finding = found()["triggers"]
    assert finding.verdict is PROBLEM
    assert "api_token.api_token_updated" in finding.means


def test_a_database_that_was_never_migrated_is_told_apart_from_one_that_is_away(
    databases: TestDatabases, settings: Settings
):
    with databases.empty() as url:
        findings = {each.check: each for each in examine(settings.model_copy(update={"database_url": url}))}
    assert findings["tables"].verdict is PROBLEM
    assert "cutoff migrate" in findings["tables"].do
    assert findings["postgresql"].verdict is OK


def test_a_database_that_is_away_does_not_keep_redis_from_being_looked_at(found):
    findings = found(database_url="postgresql://127.0.0.1:1/nowhere")
    assert (findings["postgresql"].verdict, findings["doorbell"].verdict) == (PROBLEM, OK)


def test_a_redis_that_is_away_does_not_keep_the_database_from_being_looked_at(found):
    findings = found(redis_url="redis://127.0.0.1:1/0")
    assert (findings["redis"].verdict, findings["broker"].verdict) == (PROBLEM, PROBLEM)
    assert findings["triggers"].verdict is OK


def test_settings_of_the_server_that_break_the_promise_are_found(found, sql, database: Database):
    """As an operator would set them: for this database."""
    with database.session() as db:
        name = db.engine.url.database
    sql(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    findings = found()
    assert findings["synchronous_commit"].verdict is WARNING
    assert findings["writable"].verdict is PROBLEM
    assert "worker" not in findings  # a canary could not be answered either


def test_behind_a_pooler_time_outs_are_found_to_be_in_force(found, pooler: PgBouncer):
    assert "time_outs" not in found()
    finding = found(database_url=pooler.url)["time_outs"]
    assert finding.verdict is OK
    assert "pooler" in finding.means


def test_time_outs_that_are_not_in_force_are_named(settings: Settings, database: Database):
    facts = replace(database.transact(examine_server), lock_timeout_ms=0)
    finding = next(each for each in judge_server(facts, settings) if each.check == "time_outs")
    assert finding.verdict is PROBLEM
    assert "transactions: lock_timeout." in finding.means


async def test_a_node_that_is_deaf_while_its_tail_works_is_found(settings: Settings, redis_url: str, found):
    """B264: by its echo alone, which its user may not hear; nobody counts subscribers."""
    owner = Redis.from_url(redis_url)
    channel = f"&{settings.namespace}:close"
    owner.execute_command("ACL", "SETUSER", "deaf", "on", ">x", "resetchannels", channel, "+@all", "~*")
    try:
        deaf = quick(settings, redis_url=as_user("deaf", redis_url), node_name="n1")
        async with a_node(deaf) as node:
            await eventually(lambda: node.node.holder.is_registered)
            finding = (await asyncio.to_thread(found))["node n1"]
        assert node.node.subscriber.last_echo_at is None
        assert finding.verdict is PROBLEM
        assert "n1 is deaf: it heard its own echo on Redis never" in finding.means
    finally:
        owner.execute_command("ACL", "DELUSER", "deaf")
        owner.close()


async def test_a_node_that_is_well_is_found_well(settings: Settings, found):
    async with a_node(quick(settings, node_name="n1")) as node:
        await eventually(lambda: node.node.subscriber.last_echo_at)
        told = node.node.reports._number
        node.node.reports.wake()
        await eventually(lambda: node.node.reports._number > told + 1)
        finding = (await asyncio.to_thread(found))["node n1"]
    assert finding.verdict is OK, finding


def test_each_shard_of_a_cluster_is_listened_to(settings: Settings, cluster: RedisCluster):
    sharded = settings.model_copy(update={"redis_url": cluster.url, "channel_shards": 3})
    assert {each.check: each.verdict for each in check_bus(sharded)} == {"redis": OK, "doorbell": OK}


def test_a_shard_on_which_this_user_may_not_publish_is_named(settings: Settings, cluster: RedisCluster):
    sharded = settings.model_copy(update={"redis_url": cluster.url, "channel_shards": 3})
    shard, *_ = shards_of(sharded)
    owner = cluster.owner_of(shard)
    password = urlsplit(cluster.url).password
    for server in cluster.servers:
        barred = ["-spublish"] if server is owner else []
        server.ask("ACL", "SETUSER", "half", "on", f">{password}", "allchannels", "+@all", *barred)
    try:
        half = sharded.model_copy(update={"redis_url": cluster.url.replace("redis://:", "redis://half:")})
        finding = {each.check: each for each in check_bus(half)}["doorbell"]
    finally:
        for server in cluster.servers:
            server.ask("ACL", "DELUSER", "half")
    assert finding.verdict is PROBLEM
    assert shard.close in finding.means
    assert finding.means.count(":close:") == 1


def test_shards_on_a_redis_that_is_no_cluster_are_found(settings: Settings):
    findings = {each.check: each for each in check_bus(settings.model_copy(update={"channel_shards": 3}))}
    assert findings["redis_cluster"].verdict is PROBLEM


def test_a_user_who_may_not_subscribe_is_told_which_right_is_missing(settings: Settings, redis_url: str):
    owner = Redis.from_url(redis_url)
    owner.execute_command("ACL", "SETUSER", "mute", "on", ">x", "resetchannels", "+@all", "~*")
    try:
        barred = settings.model_copy(update={"redis_url": as_user("mute", redis_url)})
        findings = {each.check: each for each in check_bus(barred)}
    finally:
        owner.execute_command("ACL", "DELUSER", "mute")
        owner.close()
    assert findings["redis_rights"].verdict is PROBLEM
    assert "redis.acl" in findings["redis_rights"].do


def test_without_a_worker_its_canary_is_not_answered(found):
    findings = found()
    assert (findings["worker"].verdict, findings["beat"].verdict) == (PROBLEM, WARNING)


def test_what_is_stuck_waits_or_stays_open_is_found(found, sql):
    """B75."""
    sql(
        """
        INSERT INTO revocation (id, kind, source, reason, requested_at)
        VALUES (gen_random_uuid(), 'session_revoke', 'request', 'session_revoked', clock_timestamp() - interval '1 hour')
        """
    )
    findings = found()
    assert {findings[check].verdict for check in ("waiting", "stuck")} == {PROBLEM}
    assert (findings["receipts"].verdict, findings["receipts"].means) == (
        WARNING,
        "1 receipts are not complete, the oldest for 3600 s.",
    )


@pytest.mark.parametrize(
    ("apart", "verdict"),
    [(timedelta(seconds=1), OK), (timedelta(seconds=10), WARNING), (timedelta(minutes=5), PROBLEM)],
)
def test_clocks_that_differ_are_judged_by_what_that_harms(apart: timedelta, verdict: Verdict):
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert judge_clocks(now, now + apart).verdict is judge_clocks(now, now - apart).verdict is verdict


def test_settings_that_weaken_something_are_named(settings: Settings):
    weak = Settings.model_validate(
        {**settings.model_dump(), "bus_key": None, "stale_policy": "serve", "env": "production"}
    )
    warned = {each.check for each in judge_settings(weak) if each.verdict is WARNING}
    assert warned == {"bus_key", "stale_policy", "cookie_secure"}
