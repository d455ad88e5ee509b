"""Spreads messages over the shards of a Redis Cluster. Every node hears every shard, so any shard will do."""

import itertools
import os
import threading
from collections.abc import Iterator, Sequence

import structlog
from redis.exceptions import MovedError, RedisError

from app.clock import boot_seconds
from app.config import Settings
from app.fanout.channels import Shard, shards_of
from app.fanout.cluster_clients import ClusterClients

__all__ = ["ShardSender"]

ATTEMPTS_IN_TIME = 2
"""So many masters may be frozen and the message still goes out by the next, in about the time that one would cost."""

_log = structlog.get_logger(__name__)


class ShardSender:
    """Each batch goes by one shard, the next batch by the next; what a shard does not take goes by another one.

    For any thread. Where a shard took it and nobody listened there, another is tried as well: nodes may be on
    their way to a master that has just been promoted. Twice is the same as once.
    """

    def __init__(self, settings: Settings) -> None:
        self._shards = shards_of(settings)
        self._within_s = settings.publish_timeout.total_seconds()
        self._clients = ClusterClients(settings, timeout_s=self._within_s / ATTEMPTS_IN_TIME)
        # Processes begin at different shards, so that many that say little spread it all the same.
        self._turns = itertools.count(os.getpid() + threading.get_native_id())

    def send(self, messages: Sequence[bytes]) -> bool:
        """Whether a shard took all of them; no shard is tried once the publish time-out has passed."""
        gives_up_at = boot_seconds() + self._within_s
        is_taken = False
        for shard in self._in_turn():
            if boot_seconds() >= gives_up_at:
                break
            heard_by = self._try(shard, messages)
            if heard_by:
                return True
            is_taken = is_taken or heard_by is not None
        if not is_taken:
            _log.warning("publish_failed", messages=len(messages), shards=len(self._shards))
        return is_taken

    def close(self) -> None:
        """Its connections are closed; may be called twice."""
        self._clients.close()

    def _in_turn(self) -> Iterator[Shard]:
        """All shards, beginning with another one each time; those whose master is set aside by then come last."""
        first = next(self._turns) % len(self._shards)
        left = [*self._shards[first:], *self._shards[:first]]
        while left:
            shard = next((each for each in left if self._clients.is_well(each.slot)), left[0])
            left.remove(shard)
            yield shard

    def _try(self, shard: Shard, messages: Sequence[bytes]) -> int | None:
        """How many heard it; None if it was not taken. A redirection is followed once."""
        for _ in range(2):
            place = self._clients.owner_of(shard.slot)
            if place is None:
                return None
            try:
                return self._clients.line_to(place).publish(shard, messages)
            except MovedError as moved:
                self._clients.follow(shard.slot, (moved.host or place[0], moved.port))
            except (RedisError, OSError) as error:
                self._clients.set_aside(place)
                _log.warning("shard_set_aside", channel=shard.close, error=type(error).__name__)
                return None
        return None
