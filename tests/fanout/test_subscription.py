"""The doorbell broken for real: what a node notices, and what it does about it."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis
from structlog.testing import capture_logs

from app.config import Settings
from app.domain.targets import TargetKind
from app.embedded import RedisServer, scratch_folder, start_redis
from app.fanout import echo_sender
from app.fanout.publisher import Publisher
from app.fanout.subscription_health import SILENT_TICKS
from app.fanout.wire import close_channel
from tests.fanout.closures import SYSTEM, closure_of, hash_number
from tests.fanout.conftest import settings_for
from tests.fanout.listening import TICK_S, Listening, Recorder, eventually, lag_measured, listening
from tests.fanout.silent_proxy import silent_proxy

SESSION = closure_of(TargetKind.SESSION, hash_number(1))
LAG_BOUND_S = 0.25
"""Generous for a machine that is shared; a loop that is stuck lags for seconds."""


@pytest.fixture
def client(redis: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(redis.url) as client:
        yield client


@pytest.fixture
def second_redis(redis: RedisServer) -> Iterator[RedisServer]:
    """Another server with the same password."""
    with scratch_folder() as folder:
        server = start_redis(folder / "redis")
        with Redis.from_url(server.url) as second:
            second.config_set("requirepass", urlsplit(redis.url).password or "")
        yield server
        server.kill()


async def closes_again(node: Listening, settings: Settings) -> None:
    """The doorbell works: what is published now closes."""
    with Publisher(settings) as publisher:
        await asyncio.to_thread(publisher.publish, [SESSION], system_identifier=SYSTEM)
    await eventually(lambda: node.called == [("session", hash_number(1))])


async def test_a_killed_subscription_is_a_gap_and_is_back_at_once(settings: Settings, client: Redis) -> None:
    """B130, B131."""
    async with listening(settings) as node:
        client.client_kill_filter(_type="pubsub")
        await eventually(lambda: node.rings == ["subscribed", "subscribed"], within_s=2)
        assert node.subscriber.counts.gaps == 2
        assert node.subscriber.losses == {"closed_by_peer": 1}
        await closes_again(node, settings)


async def test_a_frozen_redis_is_noticed_by_its_silence_and_taken_back_when_it_thaws(
    settings: Settings, redis: RedisServer
) -> None:
    """B132."""
    async with lag_measured() as lags, listening(settings) as node:
        await asyncio.to_thread(redis.freeze)
        await eventually(lambda: not node.subscriber.is_subscribed, within_s=SILENT_TICKS * TICK_S + 2)
        assert node.subscriber.losses["silent"] == 1
        await asyncio.to_thread(redis.thaw)
        await eventually(lambda: node.subscriber.is_subscribed, within_s=5)
        assert node.rings[-1] == "subscribed"
        await closes_again(node, settings)
    assert max(lags) < LAG_BOUND_S


async def test_a_redis_that_is_killed_and_comes_back_empty_is_a_gap_like_any_other(
    settings: Settings, redis: RedisServer
) -> None:
    """B129."""
    async with listening(settings) as node:
        await asyncio.to_thread(redis.kill)
        await eventually(lambda: not node.subscriber.is_subscribed)
        await eventually(lambda: node.subscriber.losses.total() >= 3)
        await asyncio.to_thread(redis.start_again)
        await eventually(lambda: node.subscriber.is_subscribed, within_s=5)
        assert node.rings == ["subscribed", "subscribed"]
        await closes_again(node, settings)


async def test_a_redis_that_is_down_from_the_start_is_the_same_as_one_that_goes_away(
    settings: Settings, redis: RedisServer
) -> None:
    redis.kill()
    with capture_logs() as logs:
        async with lag_measured() as lags, listening(settings, confirmed=False) as node:
            await eventually(lambda: node.subscriber.losses.total() >= 3)
            assert not node.subscriber.is_subscribed
            await asyncio.to_thread(redis.start_again)
            await eventually(lambda: node.subscriber.is_subscribed, within_s=5)
            await closes_again(node, settings)
    assert max(lags) < LAG_BOUND_S
    assert [log["event"] for log in logs].count("bus_lost") == 1


async def test_a_half_open_connection_is_noticed_though_no_write_fails(redis: RedisServer) -> None:
    """B132."""
    async with silent_proxy(redis.url) as (proxy, url), lag_measured() as lags:
        settings = settings_for(url)
        async with listening(settings) as node:
            proxy.go_silent()
            await eventually(
                lambda: node.subscriber.losses["silent"] == 1, within_s=SILENT_TICKS * TICK_S + 2
            )
            await eventually(lambda: node.subscriber.is_subscribed)
            assert node.rings == ["subscribed", "subscribed"]
            await closes_again(node, settings)
    assert max(lags) < LAG_BOUND_S


async def test_a_subscription_left_behind_on_another_server_is_found_deaf(
    redis: RedisServer, client: Redis, second_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failover by name: the old server lives on, answers pings, and nobody publishes there any more. B264."""
    monkeypatch.setattr(echo_sender, "ECHOES_PER_CONNECTION", 2)
    async with silent_proxy(redis.url) as (proxy, url), listening(settings_for(url)) as node:
        await eventually(lambda: node.subscriber.last_echo_at is not None)
        proxy.upstream_port = second_redis.port
        await eventually(lambda: node.subscriber.losses["deaf"] == 1)
        await eventually(lambda: node.subscriber.is_subscribed)
        echo_at = node.subscriber.last_echo_at
        await eventually(lambda: node.subscriber.last_echo_at != echo_at)
    assert node.subscriber.losses == {"deaf": 1}
    assert client.ping()


async def test_a_confirmation_that_is_held_back_is_asked_for_anew(redis: RedisServer) -> None:
    """B135."""
    async with silent_proxy(redis.url) as (proxy, url):
        proxy.drops = b"subscribe"
        async with listening(settings_for(url), confirmed=False) as node:
            await eventually(lambda: node.subscriber.losses["unconfirmed"] >= 1)
            assert not node.subscriber.is_subscribed
            assert node.rings == []
            proxy.drops = None
            await eventually(lambda: node.subscriber.is_subscribed)
            assert node.rings == ["subscribed"]


async def test_a_redis_that_refuses_publishing_takes_nobody_for_deaf(
    redis: RedisServer, client: Redis
) -> None:
    client.acl_setuser(
        "listener", enabled=True, passwords=["+secret"], channels=["*"], commands=["+subscribe", "+ping"]
    )
    url = f"redis://listener:secret@127.0.0.1:{redis.port}/0"
    async with listening(settings_for(url)) as node:
        await eventually(lambda: node.subscriber._subscriptions[0].health.ticks > 2 * SILENT_TICKS)
        assert node.subscriber.is_subscribed
    assert node.subscriber.last_echo_at is None
    assert node.subscriber.losses == {}


async def test_a_redis_that_refuses_the_echo_channel_is_listened_to_all_the_same(
    redis: RedisServer, client: Redis
) -> None:
    client.acl_setuser(
        "half-deaf",
        enabled=True,
        passwords=["+secret"],
        channels=["*:close"],
        commands=["+subscribe", "+ping"],
    )
    settings = settings_for(f"redis://half-deaf:secret@127.0.0.1:{redis.port}/0")
    with capture_logs() as logs:
        async with listening(settings) as node:
            await eventually(lambda: node.subscriber._subscriptions[0].health.ticks > 2 * SILENT_TICKS)
            assert node.subscriber.is_subscribed
    assert node.subscriber.losses == {}
    assert [log["event"] for log in logs].count("bus_refused") == 1


async def test_a_redis_that_refuses_the_channel_is_asked_again(redis: RedisServer, client: Redis) -> None:
    client.acl_setuser(
        "deaf", enabled=True, passwords=["+secret"], channels=[], commands=["+subscribe", "+ping"]
    )
    url = f"redis://deaf:secret@127.0.0.1:{redis.port}/0"
    async with listening(settings_for(url), confirmed=False) as node:
        await eventually(lambda: node.subscriber.losses["refused"] >= 2)
        assert not node.subscriber.is_subscribed


async def test_a_wrong_password_is_a_loss_that_is_tried_again(redis: RedisServer) -> None:
    url = f"redis://:wrong@127.0.0.1:{redis.port}/0"
    async with listening(settings_for(url), confirmed=False) as node:
        await eventually(lambda: node.subscriber.losses["RedisRefusedError"] >= 2)
        assert not node.subscriber.is_subscribed


async def test_a_loop_that_was_blocked_does_not_take_its_own_silence_for_that_of_redis(
    settings: Settings,
) -> None:
    closer = Recorder(blocks_for_s=3 * SILENT_TICKS * TICK_S)
    async with listening(settings, closer=closer) as node:
        with Publisher(settings) as publisher:
            publisher.publish([SESSION], system_identifier=SYSTEM)
        await eventually(lambda: len(node.called) == 1)
        ticks = node.subscriber._subscriptions[0].health.ticks
        await eventually(lambda: node.subscriber._subscriptions[0].health.ticks > ticks + 2 * SILENT_TICKS)
    assert node.subscriber.losses == {}


async def test_a_subscriber_that_is_too_slow_for_redis_is_dropped_and_comes_back(
    settings: Settings, client: Redis
) -> None:
    """B133."""
    client.config_set("client-output-buffer-limit", "pubsub 65536 0 0")
    try:
        async with listening(settings) as node:
            payload = b"x" * 60_000
            for _ in range(300):
                client.publish(close_channel(settings.namespace), payload)
            await eventually(lambda: node.subscriber.counts.gaps == 2)
            await closes_again(node, settings)
    finally:
        client.config_set("client-output-buffer-limit", "pubsub 33554432 8388608 60")


async def test_stopping_is_bounded_while_redis_is_frozen(settings: Settings, redis: RedisServer) -> None:
    async with listening(settings):
        await asyncio.to_thread(redis.freeze)


def test_a_frozen_process_that_thaws_listens_on(
    redis: RedisServer, settings: Settings, client: Redis
) -> None:
    node = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(NODE), redis.url, settings.namespace],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert node.stdout is not None
    try:
        assert node.stdout.readline() == "subscribed\n"
        os.kill(node.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, node.pid, os.WSTOPPED | os.WNOWAIT)
        with Publisher(settings) as publisher:
            assert publisher.publish([SESSION], system_identifier=SYSTEM)
        os.kill(node.pid, signal.SIGCONT)
        assert node.stdout.readline() == "message\n"
    finally:
        node.kill()
        node.wait()
        node.stdout.close()


NODE = """
    import asyncio, structlog, sys, uuid
    from app.fanout.subscriber import Subscriber
    from tests.fanout.conftest import settings_for
    from tests.fanout.listening import Recorder

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    node = Subscriber(
        settings_for(sys.argv[1], namespace=sys.argv[2]),
        node_id=uuid.UUID(int=1),
        closer=Recorder(),
        ring=lambda why: print(why, flush=True),
        system_identifier=lambda: None,
    )
    asyncio.run(node.run())
"""
