import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from app.config import Settings
from app.domain.targets import Announced, Closure, TargetKind
from app.embedded import RedisServer
from app.fanout.announcer import PENDING, Announcer
from app.fanout.publisher import Publisher
from tests.fanout.closures import SYSTEM, closure_of, id_number
from tests.fanout.conftest import settings_for
from tests.fanout.test_combining import until
from tests.fanout.test_publisher import closed_by, heard_on

AT_ONCE_S = 0.2


@pytest.fixture
def settings(redis: RedisServer) -> Settings:
    return settings_for(redis.url)


@pytest.fixture
def publisher(settings: Settings) -> Iterator[Publisher]:
    with Publisher(settings) as publisher:
        yield publisher


def announced(number: int = 1) -> Announced:
    closure = closure_of(TargetKind.ACCOUNT, id_number(number))
    return Announced(system_identifier=SYSTEM, closures=(closure,))


def test_what_is_announced_is_said_on_the_bus(
    settings: Settings, redis: RedisServer, publisher: Publisher
) -> None:
    announcer = Announcer(publisher)
    with heard_on(settings, redis) as messages:
        announcer.announce(announced())
        (request,) = closed_by(settings, messages, count=1)
    assert (request.closures, request.system_identifier) == (announced().closures, SYSTEM)
    announcer.close()


def test_nobody_waits_for_a_redis_that_hangs(redis: RedisServer, publisher: Publisher) -> None:
    announcer = Announcer(publisher)
    redis.freeze()
    start = time.monotonic()
    for number in range(3 * PENDING):
        announcer.announce(announced(number))
    assert time.monotonic() - start < AT_ONCE_S
    until(lambda: publisher.failures > 0)
    announcer.close()


def test_what_finds_no_room_is_left_to_the_performer(settings: Settings) -> None:
    begun, release, said = threading.Event(), threading.Event(), list[str]()

    class Slow(Publisher):
        def publish(self, closures: Sequence[Closure], **_what: Any) -> bool:
            begun.set()
            release.wait(5)
            said.extend(closure.target.key for closure in closures)
            return True

    announcer = Announcer(Slow(settings))
    announcer.announce(announced(0))
    assert begun.wait(5)
    for number in range(1, 3 * PENDING):
        announcer.announce(announced(number))
    release.set()
    until(lambda: len(said) == 1 + PENDING)
    announcer.close()
    assert said == [id_number(number) for number in range(1 + PENDING)]


def test_once_closed_it_says_nothing_more(publisher: Publisher) -> None:
    announcer = Announcer(publisher)
    announcer.close()
    announcer.close()
    announcer.announce(announced())
    assert publisher.failures == 0
