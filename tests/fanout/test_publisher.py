import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from structlog.testing import capture_logs

from app.config import Settings
from app.domain.targets import TargetKind
from app.embedded import RedisServer
from app.fanout.publisher import Publisher
from app.fanout.wire import BusCodec, CloseRequest, close_channel
from tests.fanout.closures import SYSTEM, closure_of, hash_number
from tests.fanout.conftest import settings_for

SESSION = closure_of(TargetKind.SESSION, hash_number(1))


def publishes(publisher: Publisher, count: int = 1) -> bool:
    sent = [closure_of(TargetKind.SESSION, hash_number(number)) for number in range(count)]
    return publisher.publish(sent, system_identifier=SYSTEM)


def seconds_of(publisher: Publisher) -> float:
    start = time.monotonic()
    assert not publishes(publisher)
    return time.monotonic() - start


def test_what_is_published_is_on_the_channel(settings: Settings, redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as client, client.pubsub() as pubsub, Publisher(settings) as publisher:
        pubsub.subscribe(close_channel(settings.namespace))
        assert pubsub.get_message(timeout=5)
        assert publisher.publish([SESSION], system_identifier=SYSTEM)
        message = pubsub.get_message(timeout=5)
    assert message is not None
    decoded = BusCodec.from_settings(settings).decode(message["data"])
    assert decoded == CloseRequest((SESSION,), SYSTEM)


def test_many_messages_take_one_round_trip(settings: Settings, redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as client, Publisher(settings) as publisher:
        assert publishes(publisher)
        before = client.info("stats")["total_reads_processed"]
        assert publishes(publisher, 2_000)
        reads = client.info("stats")["total_reads_processed"] - before
    assert reads < 2_000 * 160 / 16_384 + 10, "a read is 16 KiB at most, and one is the count itself"


def test_nothing_to_say_needs_no_redis(settings: Settings, redis: RedisServer) -> None:
    redis.kill()
    with Publisher(settings) as publisher:
        assert publishes(publisher, 0)


def test_a_redis_that_is_down_costs_no_time_and_raises_nothing(
    settings: Settings, redis: RedisServer
) -> None:
    redis.kill()
    with Publisher(settings) as publisher, capture_logs() as logs:
        assert seconds_of(publisher) < 0.3
        assert not publisher.ring()
    assert publisher.failures == 2
    assert [log["event"] for log in logs] == ["publish_failed"] * 2


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_frozen_redis_costs_a_bounded_time_and_works_again_when_thawed(
    redis: RedisServer, is_warm: bool
) -> None:
    """B60."""
    settings = settings_for(redis.url + "?socket_timeout=60&retry_on_timeout=true", publish_timeout=0.4)
    with Publisher(settings) as publisher:
        if is_warm:
            assert publishes(publisher)
        redis.freeze()
        assert seconds_of(publisher) < 0.7
        redis.thaw()
        assert publishes(publisher)


def test_a_redis_that_was_restarted_is_found_again_without_a_failure(
    settings: Settings, redis: RedisServer
) -> None:
    with Publisher(settings) as publisher:
        assert publishes(publisher)
        redis.kill()
        redis.start_again()
        assert publishes(publisher)


def test_many_threads_may_publish_at_once(settings: Settings, redis: RedisServer) -> None:
    with Publisher(settings) as publisher, ThreadPoolExecutor(8) as threads:
        start = threading.Barrier(8)
        results = list(threads.map(lambda _: (start.wait(), publishes(publisher))[1], range(8)))
    assert results == [True] * 8


def test_no_secret_is_logged(redis: RedisServer) -> None:
    url = f"redis://:not-the-password@127.0.0.1:{redis.port}/0"
    with Publisher(settings_for(url)) as publisher, capture_logs() as logs:
        assert not publishes(publisher)
    assert "not-the-password" not in repr(logs)


def test_closing_twice_is_once(settings: Settings) -> None:
    publisher = Publisher(settings)
    publisher.close()
    publisher.close()
