from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from app.config import Settings
from app.embedded import RedisServer
from app.fanout.channels import SHARDED, Shard, shards_of
from app.fanout.publishing_client import publishing_client
from app.fanout.publishing_line import PublishingLine


@pytest.fixture
def only(settings: Settings) -> Shard:
    (shard,) = shards_of(settings)
    return shard


@pytest.fixture
def line(settings: Settings) -> Iterator[PublishingLine]:
    with publishing_client(settings, timeout_s=1) as client:
        line = PublishingLine(client)
        yield line
        line.close()
        line.close()


def test_it_tells_how_many_heard_the_message_that_fewest_heard(
    line: PublishingLine, only: Shard, redis: RedisServer
) -> None:
    with Redis.from_url(redis.url).pubsub() as ear:
        assert line.publish(only, [b"a", b"b"]) == 0
        ear.subscribe(only.close)
        assert ear.get_message(timeout=5)
        assert line.publish(only, [b"a", b"b"]) == 1
        assert [said["data"] for said in (ear.get_message(timeout=5) for _ in range(2)) if said] == [
            b"a",
            b"b",
        ]


def test_what_was_hung_up_on_while_it_was_idle_is_dialled_again(
    line: PublishingLine, only: Shard, redis: RedisServer
) -> None:
    assert line.publish(only, [b"a"]) == 0
    with Redis.from_url(redis.url) as hands:
        hands.client_kill_filter(_type="normal", skipme=True)
    assert line.publish(only, [b"b", b"c"]) == 0


def test_a_server_that_is_gone_is_an_error_and_one_that_is_back_is_dialled_again(
    line: PublishingLine, only: Shard, redis: RedisServer
) -> None:
    assert line.publish(only, [b"a"]) == 0
    redis.kill()
    with pytest.raises(RedisError):
        line.publish(only, [b"b"])
    redis.start_again()
    assert line.publish(only, [b"c"]) == 0


def test_after_a_refusal_no_answer_is_taken_for_that_of_another(
    line: PublishingLine, only: Shard, redis: RedisServer
) -> None:
    """Both messages were refused, and only the first refusal was read."""
    with Redis.from_url(redis.url) as hands, hands.pubsub() as ear:
        ear.subscribe(only.close)
        assert ear.get_message(timeout=5)
        hands.execute_command("ACL", "SETUSER", "default", "-publish")
        try:
            with pytest.raises(ResponseError):
                line.publish(only, [b"a", b"b"])
        finally:
            hands.execute_command("ACL", "SETUSER", "default", "+publish")
        assert line.publish(only, [b"c"]) == 1


def test_a_sharded_channel_has_a_verb_of_its_own(line: PublishingLine, redis: RedisServer) -> None:
    shard = Shard("anybody", "0")
    assert shard.verbs is SHARDED
    with Redis.from_url(redis.url) as hands:
        hands.config_resetstat()
        line.publish(shard, [b"a"])
        assert hands.info("commandstats")["cmdstat_spublish"]["calls"] == 1


def test_of_many_threads_each_has_the_answer_to_its_own(line: PublishingLine, only: Shard) -> None:
    silent = Shard("nobody")
    with ThreadPoolExecutor(8) as threads:
        assert set(
            threads.map(lambda number: line.publish(silent, [b"x"] * (1 + number % 3)), range(200))
        ) == {0}
    assert line.publish(only, [b"a"]) == 0
