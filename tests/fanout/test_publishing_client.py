from redis import Redis

from app.config import Settings
from app.embedded import RedisServer
from app.fanout.channels import shards_of
from app.fanout.publishing_client import publish_all, publishing_client
from tests.fanout.conftest import settings_for


def test_it_tells_how_many_heard_the_message_that_fewest_heard(
    settings: Settings, redis: RedisServer
) -> None:
    (only,) = shards_of(settings)
    with publishing_client(settings, timeout_s=1) as client, Redis.from_url(redis.url).pubsub() as ear:
        assert publish_all(client, only, [b"a", b"b"]) == 0
        ear.subscribe(only.close)
        assert ear.get_message(timeout=5)
        assert publish_all(client, only, [b"a", b"b"]) == 1


def test_another_place_has_the_same_user_and_terms() -> None:
    settings = settings_for("redis://me:secret@seed:7000/1?socket_timeout=60")
    options = publishing_client(
        settings, timeout_s=0.2, place=("other", 7001)
    ).connection_pool.connection_kwargs
    expected = {"host": "other", "port": 7001, "username": "me", "password": "secret", "socket_timeout": 0.2}
    assert {name: options[name] for name in expected} == expected
