"""Work that many threads ask for at once is done in few goes: the first at once, what comes meanwhile together after it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Combining"]

Item = TypeVar("Item")


@dataclass(slots=True)
class _Asked(Generic[Item]):
    item: Item
    is_done: bool | None = None


class Combining(Generic[Item]):
    """One go at a time, for any thread. No timer: whoever finds none under way does what has been asked for by then.

    `do_all` does the items of a go and answers whether it did, for each of them alike. It has to end: who asks
    waits for the go under way and for their own, and no longer, whoever else asks.
    """

    def __init__(self, do_all: Callable[[Sequence[Item]], bool]) -> None:
        self._do_all = do_all
        self._changed = threading.Condition()
        self._asked: list[_Asked[Item]] = []
        self._is_under_way = False

    def do(self, item: Item) -> bool:
        """The item has been done, alone or with others', and this is whether; not, if a go of others' that had it raised."""
        mine = _Asked(item)
        with self._changed:
            self._asked.append(mine)
            while self._is_under_way and mine.is_done is None:
                self._changed.wait()
            if mine.is_done is not None:
                return mine.is_done
            together, self._asked = self._asked, []
            self._is_under_way = True
        return self._go(together)

    def _go(self, together: Sequence[_Asked[Item]]) -> bool:
        is_done = False
        try:
            is_done = self._do_all([each.item for each in together])
        finally:
            with self._changed:
                self._is_under_way = False
                for each in together:
                    each.is_done = is_done
                self._changed.notify_all()
        return is_done
