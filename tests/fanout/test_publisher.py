import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from redis import Redis
from structlog.testing import capture_logs

from app.config import Settings
from app.domain.targets import TargetKind
from app.embedded import RedisServer
from app.fanout.publisher import Publisher, _Said
from app.fanout.wire import BusCodec, CloseRequest, Ring, close_channel
from tests.fanout.closures import SYSTEM, closure_of, hash_number
from tests.fanout.conftest import settings_for
from tests.fanout.test_combining import until

SESSION = closure_of(TargetKind.SESSION, hash_number(1))


def publishes(publisher: Publisher, count: int = 1) -> bool:
    sent = [closure_of(TargetKind.SESSION, hash_number(number)) for number in range(count)]
    return publisher.publish(sent, system_identifier=SYSTEM)


def seconds_of(publisher: Publisher) -> float:
    start = time.monotonic()
    assert not publishes(publisher)
    return time.monotonic() - start


@contextmanager
def heard_on(settings: Settings, redis: RedisServer) -> Iterator[Callable[[], bytes]]:
    """The next message of the channel, each time it is asked."""
    with Redis.from_url(redis.url) as client, client.pubsub() as pubsub:
        pubsub.subscribe(close_channel(settings.namespace))
        assert pubsub.get_message(timeout=5)

        def heard() -> bytes:
            message = pubsub.get_message(timeout=5)
            assert message is not None
            payload: bytes = message["data"]
            return payload

        yield heard


def closed_by(settings: Settings, heard: Callable[[], bytes], *, count: int) -> list[CloseRequest]:
    """The close requests that are heard until there are so many closures, without the rings in between."""
    requests: list[CloseRequest] = []
    while sum(len(request.closures) for request in requests) < count:
        decoded = BusCodec.from_settings(settings).decode(heard())
        if decoded != Ring():
            assert isinstance(decoded, CloseRequest)
            requests.append(decoded)
    return requests


def test_what_is_published_is_on_the_channel(settings: Settings, redis: RedisServer) -> None:
    with heard_on(settings, redis) as messages, Publisher(settings) as publisher:
        assert publisher.publish([SESSION], system_identifier=SYSTEM)
        assert closed_by(settings, messages, count=1) == [CloseRequest((SESSION,), SYSTEM)]


def test_many_messages_take_one_round_trip(settings: Settings, redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as client, Publisher(settings) as publisher:
        assert publishes(publisher)
        before = client.info("stats")["total_reads_processed"]
        assert publishes(publisher, 5_000)
        reads = client.info("stats")["total_reads_processed"] - before
    assert reads < 5_000 * 160 / 16_384 + 10, "a read is 16 KiB at most, and one is the count itself"


def test_many_revocations_are_few_messages(settings: Settings, redis: RedisServer) -> None:
    """B133."""
    sent = [closure_of(TargetKind.SESSION, hash_number(n), transaction=n + 1) for n in range(1_000)]
    with heard_on(settings, redis) as messages, Publisher(settings) as publisher:
        assert publisher.publish(sent, system_identifier=SYSTEM)
        assert len(closed_by(settings, messages, count=1_000)) == 5


def test_what_threads_publish_while_redis_takes_its_time_goes_out_together(redis: RedisServer) -> None:
    settings = settings_for(redis.url, publish_timeout=20)
    sent = [closure_of(TargetKind.SESSION, hash_number(n), transaction=n + 1) for n in range(8)]
    with heard_on(settings, redis) as messages, Publisher(settings) as publisher:
        publisher.ring()
        with ThreadPoolExecutor(10) as threads:
            redis.freeze()
            first = threads.submit(publisher.publish, sent[:1], system_identifier=SYSTEM)
            until(lambda: publisher._sends._is_under_way)
            others = [
                threads.submit(publisher.publish, [each], system_identifier=SYSTEM) for each in sent[1:]
            ]
            ring = threads.submit(publisher.ring)
            until(lambda: len(publisher._sends._asked) == len(sent))
            redis.thaw()
            assert all(each.result(timeout=20) for each in (first, *others, ring))
        assert len(closed_by(settings, messages, count=8)) == 2


def test_what_is_published_together_keeps_to_its_own_cluster(settings: Settings, redis: RedisServer) -> None:
    with heard_on(settings, redis) as messages, Publisher(settings) as publisher:
        others = closure_of(TargetKind.SESSION, hash_number(2))
        assert publisher._say([_Said([SESSION], SYSTEM), _Said([], ""), _Said([others], "1")])
        first, second = closed_by(settings, messages, count=2)
    assert first == CloseRequest((SESSION,), SYSTEM)
    assert second == CloseRequest((others,), "1")


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


def test_a_frozen_redis_costs_each_of_many_threads_two_sends_at_most(redis: RedisServer) -> None:
    """B60."""
    with (
        Publisher(settings_for(redis.url, publish_timeout=0.5)) as publisher,
        ThreadPoolExecutor(8) as threads,
    ):
        assert publishes(publisher)
        redis.freeze()
        took = list(threads.map(lambda _: seconds_of(publisher), range(24)))
        redis.thaw()
        assert publishes(publisher)
    assert max(took) < 1.5


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
