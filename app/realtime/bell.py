"""When something that is done every interval is done sooner, because somebody rang: soon, yet never too often in sum."""

import asyncio
import secrets
from collections.abc import Callable
from math import inf

__all__ = ["Bell"]

TOGETHER_A_SECOND = 400
"""So often, at most, do all nodes of a fleet together do it because of rings."""
SHARE = 0.05
"""And one node spends at most this share of its time on it."""
LONGEST_COUNTED_S = 0.01
"""What takes longer is taken for so long: a database that is slow once does not keep rings waiting."""
SMOOTHING = 0.2
NOT_URGENT_WITHIN_S = 0.1
"""What is not urgent waits for so long, or for the spread where that is more: a receipt is complete that much later."""
NOT_URGENT_SPACING_S = 0.3
"""And between two answers is so much at least, where nobody is in a hurry: one ring after a pause is answered as soon
as ever, those of a steady stream together. Receipts of a busy fleet wait for it; no socket does."""
EARLIEST = 0.5
"""And at least for this share of it, so that not all nodes come at once."""

_dice = secrets.SystemRandom()


class Bell:
    """Rung by whoever has news; whoever acts on it says when it begins, and how long it took.

    Rings that come before what they ask for has begun are answered together. Between two answers are at least
    `least_s`; more where the second is not urgent, in a large fleet (`nodes`), or where an answer costs much; never more
    than `most_s`, the interval in which it is done anyway.
    """

    def __init__(self, *, least_s: float, most_s: float, clock: Callable[[], float]) -> None:
        self.nodes = 1
        self._least_s = least_s
        self._most_s = most_s
        self._clock = clock
        self._takes_s = 0.0
        self._answered_at = -inf
        self._due_at = inf
        self._sooner = asyncio.Event()

    @property
    def spread_s(self) -> float:
        """Within this time, all nodes answer what has rung at all of them."""
        return min(max(self._least_s, self.nodes / TOGETHER_A_SECOND), self._most_s)

    @property
    def spacing_s(self) -> float:
        """From one answer to the next."""
        return min(max(self.spread_s, self._takes_s / SHARE), self._most_s)

    def ring(self, *, is_urgent: bool) -> None:
        """It is done soon, and begins after this. At once, if it is urgent and nobody has rung for a while."""
        if self._due_at < inf and not is_urgent:
            return
        due_at = self._at_once() if is_urgent else self._soon()
        if due_at < self._due_at:
            self._due_at = due_at
            self._sooner.set()

    def begins(self) -> None:
        """It begins now: whoever has rung so far is answered by it."""
        if self._due_at < inf:
            self._answered_at = self._clock()
        self._due_at = inf
        self._sooner.clear()

    def took(self, seconds: float) -> None:
        """So long it took this time."""
        counted = min(seconds, LONGEST_COUNTED_S)
        self._takes_s += SMOOTHING * (counted - self._takes_s)

    async def wait(self, *, until: float) -> None:
        """Returns when it is to be done: at that instant, or sooner if somebody rings."""
        while (left := min(until, self._due_at) - self._clock()) > 0:
            self._sooner.clear()
            try:
                async with asyncio.timeout(left):
                    await self._sooner.wait()
            except TimeoutError:
                return

    def _at_once(self) -> float:
        return max(self._clock(), self._answered_at + self.spacing_s)

    def _soon(self) -> float:
        calm_s = min(max(self.spread_s, NOT_URGENT_WITHIN_S), self._most_s)
        spacing_s = min(max(self.spacing_s, NOT_URGENT_SPACING_S), self._most_s)
        return max(self._clock() + calm_s * _dice.uniform(EARLIEST, 1), self._answered_at + spacing_s)
