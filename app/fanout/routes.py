"""Where to dial for a channel: always the same server, or whichever master of a Redis Cluster owns the channel's slot by now."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from app.config import Settings
from app.fanout.channels import Shard
from app.fanout.cluster_map import ClusterMap, Place, redirection_in
from app.fanout.redis_address import RedisAddress
from app.fanout.redis_stream import ask

__all__ = ["Cluster", "FixedRoute", "Route", "ShardRoute", "routes_to"]

MAP_TIMEOUT_S = 0.5


class Route(Protocol):
    """The way to the server that carries a channel."""

    async def find(self) -> RedisAddress:
        """Where to dial now. Raises: OSError, TimeoutError, RedisRefusedError, ValueError."""

    def is_redirected_by(self, error: str, /) -> bool:
        """Whether that error of Redis says where else to go; `find` has taken it in."""


@dataclass(frozen=True, slots=True)
class FixedRoute:
    """One address for good."""

    address: RedisAddress

    async def find(self) -> RedisAddress:
        """The address."""
        return self.address

    def is_redirected_by(self, _error: str, /) -> bool:
        """Never: a plain channel is on every server."""
        return False


class Cluster:
    """The servers of a Redis Cluster that one process has heard of, the one to ask first."""

    def __init__(self, seed: RedisAddress) -> None:
        self._seed = seed
        self._places: list[Place] = [(seed.host, seed.port)]

    def at(self, place: Place) -> RedisAddress:
        """That server, with our user and password."""
        return self._seed.at(*place)

    async def owner_of(self, slot: int) -> RedisAddress:
        """The slot's master, as one of the servers sees it now; the next call asks another one if that one fails.

        Raises: OSError, TimeoutError, RedisRefusedError, ValueError.
        """
        asked = self._places[0]
        try:
            answer = await ask(self.at(asked), "CLUSTER", "SLOTS", timeout_s=MAP_TIMEOUT_S)
            seen = ClusterMap.parse(answer, asked=asked)
        except BaseException:
            self._ask_later(asked)
            raise
        # What REDIS_URL names stays, as the last: it may be a name that leads to whatever lives.
        self._places = list(dict.fromkeys((asked, *seen.places, (self._seed.host, self._seed.port))))
        owner = seen.owner(slot)
        if owner is None:
            raise ConnectionError("nobody owns the slot")
        return self.at(owner)

    def _ask_later(self, place: Place) -> None:
        if self._places[0] == place:
            self._places = [*self._places[1:], place]


@dataclass(slots=True)
class ShardRoute:
    """To the master of one slot, wherever that goes."""

    cluster: Cluster
    slot: int
    _redirection: Place | None = field(default=None, init=False)

    async def find(self) -> RedisAddress:
        """Where a server has just sent us, else what the cluster says."""
        place, self._redirection = self._redirection, None
        return await self.cluster.owner_of(self.slot) if place is None else self.cluster.at(place)

    def is_redirected_by(self, error: str, /) -> bool:
        """`MOVED` is followed once; then the cluster is asked again."""
        self._redirection = redirection_in(error)
        return self._redirection is not None


def routes_to(settings: Settings) -> Callable[[Shard], Route]:
    """Makes routes to shards; those of one maker share what they learn of the cluster."""
    address = RedisAddress.parse(settings.redis_url)
    cluster = Cluster(address)

    def route_to(shard: Shard) -> Route:
        return FixedRoute(address) if shard.tag is None else ShardRoute(cluster, shard.slot)

    return route_to
