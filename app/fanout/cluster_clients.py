"""A publisher's view of a Redis Cluster: who owns which slot, a client of each master, and whom to leave alone for a while."""

import threading
from math import inf
from typing import Any

import structlog
from redis import Redis
from redis.connection import parse_url
from redis.exceptions import RedisError

from app.clock import boot_seconds
from app.config import Settings
from app.fanout.cluster_map import ClusterMap, Place
from app.fanout.publishing_client import publishing_client
from app.fanout.publishing_line import PublishingLine
from app.fanout.redis_address import DEFAULT_PORT

__all__ = ["ClusterClients"]

ASIDE_S = 5.0
"""For so long a server that has failed is used only if no other one is left: each try may cost a time-out."""
LOOK_AGAIN_S = 1.0
"""While one is set aside the cluster is asked so often who owns its slots by now."""


_log = structlog.get_logger(__name__)


class ClusterClients:
    """For any thread; only one of them at a time asks the cluster, and the others go by what was known."""

    def __init__(self, settings: Settings, *, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        parts: dict[str, Any] = parse_url(settings.redis_url)  # type: ignore[no-untyped-call]
        self._seed: Place = (parts.get("host", "localhost"), parts.get("port", DEFAULT_PORT))
        self._map: ClusterMap | None = None
        self._looked_at = -inf
        self._followed: dict[int, Place] = {}
        self._aside_until: dict[Place, float] = {}
        self._clients: dict[Place, Redis] = {}
        self._lines: dict[Place, PublishingLine] = {}
        self._asking = threading.Lock()
        self._making = threading.Lock()

    def owner_of(self, slot: int) -> Place | None:
        """The slot's master as far as is known; None while that is nobody. Bounded by the time-out."""
        self._look_if_due()
        return self._followed.get(slot) or (None if self._map is None else self._map.owner(slot))

    def is_well(self, slot: int) -> bool:
        """Whether the slot's master is known, and has not failed lately."""
        owner = self.owner_of(slot)
        return owner is not None and not self._is_aside(owner)

    def client_of(self, place: Place) -> Redis:
        """The one client of that server."""
        with self._making:
            if place not in self._clients:
                self._clients[place] = publishing_client(
                    self._settings, timeout_s=self._timeout_s, place=place
                )
            return self._clients[place]

    def line_to(self, place: Place) -> PublishingLine:
        """The one line to that server."""
        client = self.client_of(place)
        with self._making:
            if place not in self._lines:
                self._lines[place] = PublishingLine(client)
            return self._lines[place]

    def follow(self, slot: int, place: Place) -> None:
        """A server has said that the slot is there now."""
        self._followed[slot] = place

    def set_aside(self, place: Place) -> None:
        """It has failed; who owns its slots is asked anew."""
        self._aside_until[place] = boot_seconds() + ASIDE_S

    def close(self) -> None:
        """Its connections are closed; may be called twice."""
        for line in self._lines.values():
            line.close()
        for client in self._clients.values():
            client.connection_pool.disconnect()

    def _look_if_due(self) -> None:
        if not self._is_due():
            return
        # Who has no map at all has to wait for it; all others publish meanwhile by the old one.
        if self._asking.acquire(timeout=self._timeout_s if self._map is None else 0):
            try:
                if self._is_due():
                    self._look()
            finally:
                self._asking.release()

    def _is_due(self) -> bool:
        since_s = boot_seconds() - self._looked_at
        if self._map is None:
            return since_s >= self._timeout_s
        return since_s >= LOOK_AGAIN_S and any(self._is_aside(place) for _, place in self._map.masters)

    def _look(self) -> None:
        """One server is asked, one that is not set aside if there is any."""
        known = (*(() if self._map is None else self._map.places), self._seed)
        asked = min(known, key=self._is_aside)
        try:
            answer = self.client_of(asked).execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
            self._map = ClusterMap.parse(answer, asked=asked)
            self._followed = {}
        except (RedisError, OSError, ValueError) as error:
            self.set_aside(asked)
            _log.warning("cluster_unknown", error=f"{type(error).__name__}: {error}")
        self._looked_at = boot_seconds()

    def _is_aside(self, place: Place) -> bool:
        return boot_seconds() < self._aside_until.get(place, 0.0)
