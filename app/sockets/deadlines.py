"""When each socket's credential ends by the clock. The gate keeps the instant; this only says whose turn it is to be read."""

import heapq
from math import inf

from app.sockets.entry import Entry

__all__ = ["Deadlines"]


class Deadlines:
    """A heap of deadlines; an entry that was re-armed, closed or forgotten is passed over when its turn comes."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Entry]] = []
        self._armed = 0

    def arm(self, entry: Entry) -> None:
        """The entry will be due at its `deadline`; infinity arms nothing."""
        if entry.deadline == inf:
            return
        self._armed += 1
        heapq.heappush(self._heap, (entry.deadline, self._armed, entry))

    def due(self, now: float) -> list[Entry]:
        """The entries whose deadline has come, each once; they stay mute until a read says otherwise."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            deadline, _, entry = heapq.heappop(self._heap)
            if _counts(entry, deadline):
                due.append(entry)
        return due

    @property
    def next_at(self) -> float:
        """When somebody is due next, at the earliest; infinity when nobody is armed."""
        return self._heap[0][0] if self._heap else inf

    def forget_stale(self, live: int) -> None:
        """What no longer counts is dropped once it is most of the heap, so that memory follows the live sockets."""
        if len(self._heap) > 2 * live + 64:
            self._heap = [item for item in self._heap if _counts(item[2], item[0])]
            heapq.heapify(self._heap)

    def __len__(self) -> int:
        return len(self._heap)


def _counts(entry: Entry, deadline: float) -> bool:
    return entry.is_attached and entry.closing is None and entry.deadline == deadline
