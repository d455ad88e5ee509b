"""Listens on one channel of close requests, at the server that carries it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from redis import Redis
from redis.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from app.config import Settings
from app.fanout.channels import Shard
from app.fanout.cluster_map import ClusterMap, Place
from app.fanout.publishing_client import publishing_client

__all__ = ["ANSWER_WITHIN_S", "NotAClusterError", "ear_on"]

ANSWER_WITHIN_S = 2.0


class NotAClusterError(Exception):
    """Sharded channels are set, and the server knows nothing of slots."""


@contextmanager
def ear_on(shard: Shard, redis: Redis, settings: Settings) -> Iterator[PubSub]:
    """A subscription that Redis has yet to confirm. Raises: RedisError, OSError, NotAClusterError."""
    with ExitStack() as ending:
        if shard.tag is not None:
            owner = _owner_of(shard, redis)
            redis = ending.enter_context(publishing_client(settings, timeout_s=ANSWER_WITHIN_S, place=owner))
        ear = ending.enter_context(redis.pubsub())  # type: ignore[no-untyped-call]
        (ear.subscribe if shard.tag is None else ear.ssubscribe)(shard.close)
        yield ear


def _owner_of(shard: Shard, redis: Redis) -> Place:
    options: dict[str, Any] = redis.connection_pool.connection_kwargs
    asked = options.get("host", "localhost"), options.get("port", 6379)
    try:
        answer = redis.execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
    except ResponseError as error:
        if "cluster support disabled" in str(error):
            raise NotAClusterError from error
        raise
    owner = ClusterMap.parse(answer, asked=asked).owner(shard.slot)
    if owner is None:
        raise RedisConnectionError(f"nobody owns the slot of {shard.close}")
    return owner
