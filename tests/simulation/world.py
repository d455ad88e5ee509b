"""The world of one schedule: virtual time, the database, the nodes, and whatever is about to happen."""

import heapq
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulation.choices import Choices
from tests.simulation.database import Database
from tests.simulation.hands import Hands
from tests.simulation.truth import Truth

if TYPE_CHECKING:
    from tests.simulation.node import SimulatedNode

__all__ = ["Violated", "World"]

Event = tuple[int, int, int, Callable[..., None], tuple[Any, ...]]


class Violated(AssertionError):
    """A property does not hold: which, when, and of what."""

    def __init__(self, rule: str, now: int, what: str) -> None:
        super().__init__(f"{rule} at {now / 64:.3f} s: {what}")
        self.rule = rule


class World:
    """Everything happens by events; those of one tick in an order that is chosen."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.now = 0
        self.database = Database()
        self.truth = Truth(self.database)
        self.hands = Hands(self.database, choices)
        self.nodes: list[SimulatedNode] = []
        self.node_rows: dict[int, tuple[int, Any]] = {}
        """By node: the timeline and the snapshot that its stored report names."""

        self.closing_time = 0
        """From then on nobody comes back."""

        self.is_quiet = False
        """Nothing is lost and nobody is slow any more."""

        self.sockets = 0
        self.worst = 0
        self.seen: Counter[str] = Counter()
        """What has happened in this schedule, for the coverage."""

        self.journal: list[str] | None = None
        self._events: list[Event] = []
        self._made = 0
        self.interleavings: set[tuple[str, str, str]] = set()
        """Which three things have followed one another."""

        self._before = ("", "")

    def at(self, delay: int, event: Callable[..., None], *arguments: Any) -> None:
        """It happens so many ticks from now."""
        self._made += 1
        turn = 0 if self.is_quiet else self.choices.below(4)
        heapq.heappush(self._events, (self.now + delay, turn, self._made, event, arguments))

    def latency(self) -> int:
        """How long something is under way: mostly next to nothing, at times far too long."""
        if self.is_quiet:
            return 0
        below = self.choices.below
        length = below(16)
        if length < 11:
            return length % 3
        return below(24) if length < 15 else below(140)

    def is_lost(self, percent: int = 4) -> bool:
        """Whether a message never arrives."""
        return not self.is_quiet and self.choices.happens(percent)

    def note(self, what: str, *details: object) -> None:
        """It is counted, and written down with its details if somebody is reading along."""
        self.seen[what] += 1
        before, just_now = self._before
        self.interleavings.add((before, just_now, what))
        self._before = (just_now, what)
        if self.journal is not None:
            self.journal.append(f"{self.now / 64:8.3f}  {what}  {' '.join(map(str, details))}".rstrip())

    def run(self, until: int) -> None:
        """Whatever is due up to that tick happens; after each event the gates of all sockets are tried."""
        events = self._events
        while events and events[0][0] <= until:
            self.now, _, _, event, arguments = heapq.heappop(events)
            event(*arguments)
            self.probe()
        self.now = until
        self.probe()

    def probe(self) -> None:
        """A frame tries each gate of each node that runs."""
        now = self.now
        for node in self.nodes:
            if node.frozen_until <= now:
                node.probe(now)
