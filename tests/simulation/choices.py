"""Where all chance comes from: a seed, or a script of choices made before. Nought is always the harmless choice."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

__all__ = ["Choices"]

T = TypeVar("T")


class Choices:
    """The same seed makes the same choices; so does a script, which goes on with noughts where it ends."""

    def __init__(self, seed: int = 0, *, script: Sequence[int] | None = None) -> None:
        self.made: list[int] = []
        self._random = Random(seed).random
        self._script = script

    def below(self, bound: int) -> int:
        """A number from 0 up to, not including, the bound."""
        script = self._script
        if script is None:
            number = int(self._random() * bound)
        else:
            place = len(self.made)
            number = script[place] % bound if place < len(script) else 0
        self.made.append(number)
        return number

    def one_of(self, items: Sequence[T]) -> T:
        """One of the items; the first is the harmless one."""
        return items[self.below(len(items))]

    def happens(self, percent: int) -> bool:
        """True so many times in a hundred."""
        return self.below(100) >= 100 - percent
