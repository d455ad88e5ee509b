"""What has been applied while sockets were opening: their reads may have been too early to see it."""

from collections import deque
from collections.abc import Iterator

from app.domain.targets import Closure

__all__ = ["RecentClosures"]


class RecentClosures:
    """Closures in the order in which this node applied them, as far back as the oldest socket still opening.

    A closure that was applied before a socket attached was committed before its verifying read was sent, so
    that read has seen it. What is older than every opening socket is forgotten, and when none is opening,
    everything: the memory is bounded by how long an opening may take.
    """

    __slots__ = ("_closures", "_order")

    def __init__(self) -> None:
        self._order = 0
        self._closures: deque[tuple[int, Closure]] = deque()

    def next_order(self) -> int:
        """A place in the order: later than every closure remembered so far, earlier than all to come."""
        self._order += 1
        return self._order

    def remember(self, closure: Closure) -> None:
        """Sockets that attached before now will be judged by that closure when they are admitted."""
        self._closures.append((self.next_order(), closure))

    def since(self, order: int) -> Iterator[Closure]:
        """The closures applied after that place in the order, latest first."""
        for applied, closure in reversed(self._closures):
            if applied < order:
                return
            yield closure

    def forget_before(self, order: int | None) -> None:
        """Nothing earlier than that place is remembered; None forgets everything."""
        while self._closures and (order is None or self._closures[0][0] < order):
            self._closures.popleft()

    def __len__(self) -> int:
        return len(self._closures)
