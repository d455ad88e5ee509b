"""Python's cyclic collector, kept from stopping a node for longer the more sockets it holds.

A full collection looks at every object that there is: with a million connections that is hundreds of milliseconds in
which nobody is served. But sockets live long, and leave no cycles when they go (`tests/realtime/test_letting_go.py`).
So what has survived a full collection is frozen, that is, never looked at again, as soon as there is much of it: each
object is looked at a few times in its life, and one pause has a bound that does not grow.

Frozen objects are freed as all are when nobody refers to them any more. What is never found is a cycle that was in use
when it was frozen: of a request that was under way just then, once in some hundred sockets that were opened.
"""

import asyncio
import gc
from collections.abc import Callable, Mapping

from app.realtime.metrics import COLLECTION_PAUSE

__all__ = ["FREEZE_ABOVE", "Garbage"]

SETTLED_AFTER_S = 2.0
"""After the start: then all is imported, connected and subscribed."""
FREEZE_ABOVE = 5_000
"""Survivors: some sixty sockets. Below that they are looked at again, so that a quiet node's cycles are found."""
OLD = 2
THRESHOLDS = 700, 5, 1
"""A full collection looks at no more than 8,000 objects made since the one before, and at what that did not freeze."""
AS_BEFORE = gc.get_threshold()


class Garbage:
    """One a process."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began_at = 0.0
        self.longest_pause_s = 0.0
        """Since `begin`."""
        self.freezes = 0

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(SETTLED_AFTER_S)
        self.begin()
        try:
            await asyncio.Event().wait()
        finally:
            self.end()

    def begin(self) -> None:
        """What there is by now stays, and is not looked at any more, not even now; pauses are measured."""
        gc.freeze()
        gc.collect()  # of nothing: Python puts a full one off until what is new is a fourth of what it saw at the last
        gc.set_threshold(*THRESHOLDS)
        gc.callbacks.append(self._collecting)

    def end(self) -> None:
        """All is as it was before."""
        gc.callbacks.remove(self._collecting)
        gc.set_threshold(*AS_BEFORE)
        gc.unfreeze()

    def _collecting(self, phase: str, about: Mapping[str, int]) -> None:
        if phase == "start":
            self._began_at = self._clock()
            return
        if about["generation"] == OLD and len(gc.get_objects(generation=OLD)) >= FREEZE_ABOVE:
            gc.freeze()
            self.freezes += 1
        pause_s = self._clock() - self._began_at
        if pause_s > self.longest_pause_s:
            self.longest_pause_s = pause_s
            COLLECTION_PAUSE.set(pause_s)
