from app.config import Settings
from app.embedded import RedisServer
from app.fanout.sender import PlainSender, sender_for
from app.fanout.shard_sender import ShardSender
from tests.fanout.conftest import settings_for


def test_one_channel_has_a_plain_sender_and_several_have_one_that_spreads() -> None:
    assert isinstance(sender_for(settings_for("redis://nowhere")), PlainSender)
    sharded = settings_for("redis://nowhere", channel_shards=2, celery_broker_url="redis://nowhere")
    assert isinstance(sender_for(sharded), ShardSender)


def test_a_plain_sender_says_whether_redis_took_it(settings: Settings, redis: RedisServer) -> None:
    sender = sender_for(settings)
    assert sender.send([b"a", b"b"])
    redis.kill()
    assert not sender.send([b"a"])
    sender.close()
    sender.close()
