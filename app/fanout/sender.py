"""Gives messages to Redis: to its one channel, or to a shard of a cluster. Below the publisher, which says what they are."""

from collections.abc import Sequence
from typing import Protocol

import structlog
from redis.exceptions import RedisError

from app.config import Settings
from app.fanout.channels import Shard, shards_of
from app.fanout.publishing_client import publishing_client
from app.fanout.publishing_line import PublishingLine
from app.fanout.shard_sender import ShardSender

__all__ = ["PlainSender", "Sender", "sender_for"]

_log = structlog.get_logger(__name__)


class Sender(Protocol):
    """For any thread. Build it after the fork."""

    def send(self, messages: Sequence[bytes]) -> bool:
        """Whether Redis took all of them, within a bounded time and without an exception."""

    def close(self) -> None:
        """Its connections are closed; may be called twice."""


class PlainSender:
    """All on one channel of one server, in one round trip."""

    def __init__(self, settings: Settings, shard: Shard) -> None:
        self._shard = shard
        client = publishing_client(settings, timeout_s=settings.publish_timeout.total_seconds())
        self._line = PublishingLine(client)

    def send(self, messages: Sequence[bytes]) -> bool:
        """Whether Redis took all of them; it has the time-out for each of connecting and answering."""
        try:
            self._line.publish(self._shard, messages)
        except (RedisError, OSError) as error:
            _log.warning("publish_failed", messages=len(messages), error=type(error).__name__)
            return False
        return True

    def close(self) -> None:
        """Its connections are closed; may be called twice."""
        self._line.close()


def sender_for(settings: Settings) -> Sender:
    """The sender for as many channels as this installation has."""
    first, *others = shards_of(settings)
    return ShardSender(settings) if others else PlainSender(settings, first)
