"""Python's cyclic collector, kept from stopping a node for longer the more sockets it holds.

A full collection looks at every object that there is: with a million connections that is hundreds of milliseconds in
which nobody is served. But sockets live long, and leave no cycles when they go (`tests/realtime/test_letting_go.py`).
So what has survived a full collection is frozen, that is, never looked at again, as soon as there is much of it: each
object is looked at a few times in its life, and one pause has a bound that does not grow.

Frozen objects are freed as all are when nobody refers to them any more. What is not found is a cycle that was in use
when it was frozen: of a request that was under way just then, once in some hundred sockets that were opened. Should
those ever add up to as much as everything else, all is thawed and looked at once, however long that takes.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Mapping

import structlog

from app.realtime.metrics import COLLECTION_PAUSE

__all__ = ["FREEZE_ABOVE", "Garbage"]

SETTLED_AFTER_S = 2.0
"""After the start: then all is imported, connected and subscribed."""
FREEZE_ABOVE = 5_000
"""Survivors: some sixty sockets. Below that they are looked at again, so that a quiet node's cycles are found."""
LOOK_EVERY_S = 60.0
BLOCKS_A_SOCKET = 300
"""Of memory, with room for what a team's own handlers keep; an idle socket of ours has about half of that."""
OLD = 2
THRESHOLDS = 700, 5, 1
"""A full collection looks at no more than 8,000 objects made since the one before, and at what that did not freeze."""
AS_BEFORE = gc.get_threshold()

_log = structlog.get_logger(__name__)


class Garbage:
    """One a process; `sockets` says how many it holds."""

    def __init__(self, *, clock: Callable[[], float], sockets: Callable[[], int]) -> None:
        self._clock = clock
        self._sockets = sockets
        self._began_at = 0.0
        self._settled_blocks = 0
        self.longest_pause_s = 0.0
        """Since `begin`."""
        self.freezes = 0

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(SETTLED_AFTER_S)
        self.begin()
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                self.thaw_if_much_is_lost()
        finally:
            self.end()

    def begin(self) -> None:
        """What there is by now stays, and is not looked at any more, not even now; pauses are measured."""
        gc.freeze()
        gc.collect()  # of nothing: Python puts a full one off until what is new is a fourth of what it saw at the last
        gc.set_threshold(*THRESHOLDS)
        gc.callbacks.append(self._collecting)
        self._settled_blocks = sys.getallocatedblocks()

    def thaw_if_much_is_lost(self) -> bool:
        """Whether there was twice as much as after the last look at everything, and as the sockets explain; then not any more."""
        explained = self._settled_blocks + BLOCKS_A_SOCKET * self._sockets()
        if sys.getallocatedblocks() < 2 * explained:
            return False
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        was, self._settled_blocks = self._settled_blocks, sys.getallocatedblocks()
        _log.info("memory_looked_through", blocks=self._settled_blocks, blocks_at_the_last_look=was)
        return True

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
