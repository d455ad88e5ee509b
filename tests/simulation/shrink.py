"""Makes a failing schedule small: choices are set to nought, which harms nobody, or left out, while it still fails."""

from collections.abc import Callable, Sequence
from itertools import dropwhile

from tests.simulation.schedule import run

__all__ = ["shrink"]

ATTEMPTS = 3_000


def shrink(
    choices: Sequence[int],
    rule: str,
    *,
    attempts: int = ATTEMPTS,
    violated_by: Callable[[Sequence[int]], str | None] | None = None,
) -> list[int]:
    """A script, mostly of noughts, that violates the same rule. `attempts` bounds the work."""
    judge = violated_by or (lambda script: run(script=script).violated)
    best = list(choices)
    size = max(1, len(best) // 2)
    while attempts > 0:
        place, found = 0, False
        while place < len(best) and attempts > 0:
            for candidate in _without(best, place, size):
                attempts -= 1
                if judge(candidate) == rule:
                    best, found = _trimmed(candidate), True
                    break
            place += size
        if size == 1 and not found:
            break
        size = size if found else max(1, size // 2)
    return best


def _without(script: list[int], place: int, size: int) -> list[list[int]]:
    part = script[place : place + size]
    candidates = [script[:place] + script[place + size :]]
    if any(part):
        candidates.append(script[:place] + [0] * len(part) + script[place + size :])
    return candidates


def _trimmed(script: list[int]) -> list[int]:
    return list(dropwhile(lambda choice: choice == 0, reversed(script)))[::-1]
