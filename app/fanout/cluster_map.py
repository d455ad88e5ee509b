"""Who owns which slot of a Redis Cluster, as one of its servers sees it."""

from dataclasses import dataclass
from typing import Any, Self

__all__ = ["ClusterMap", "Place", "redirection_in"]

Place = tuple[str, int]
"""Host and port."""

UNKNOWN = "?"
"""The host of a server that has been told to go by a name, and has none."""


@dataclass(frozen=True, slots=True)
class ClusterMap:
    """Ranges of slots with the master that owns them, and every server that was named."""

    masters: tuple[tuple[range, Place], ...]
    places: tuple[Place, ...]

    @classmethod
    def parse(cls, answer: Any, *, asked: Place) -> Self:
        """What `CLUSTER SLOTS` answered, in RESP2. A server without a name of its own is where it was asked.

        Raises: ValueError for anything else.
        """
        try:
            ranges = [(range(first, last + 1), _places(servers, asked)) for first, last, *servers in answer]
            masters = tuple((slots, servers[0]) for slots, servers in ranges)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise ValueError("no answer to CLUSTER SLOTS") from error
        named = (place for _, servers in ranges for place in servers if place[0] != UNKNOWN)
        return cls(masters, tuple(dict.fromkeys(named)))

    def owner(self, slot: int) -> Place | None:
        """The master of that slot; None while nobody is."""
        return next((place for slots, place in self.masters if slot in slots), None)


def redirection_in(error: str) -> Place | None:
    """Where Redis says that the slot has gone: `MOVED 3999 127.0.0.1:6381`; None for any other error."""
    match error.split():
        case ["MOVED", _, address] if ":" in address:
            host, _, port = address.rpartition(":")
            return (host, int(port)) if host and port.isdecimal() else None
        case _:
            return None


def _places(servers: list[Any], asked: Place) -> list[Place]:
    """No name, or an empty one: the server does not say, so it is where the one is that was asked."""
    return [(host.decode() if host else asked[0], int(port)) for host, port, *_ in servers]
