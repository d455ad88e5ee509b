"""Tries every order of steps of a small model, each state once, shortest ways first."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.exhaustive_model import Model

__all__ = ["Explored", "explore"]


@dataclass(frozen=True, slots=True)
class Explored:
    """How many states there are, and the shortest way to a broken one; None when there is none."""

    states: int
    counterexample: tuple[str, ...] | None


def explore(start: Callable[[], Model], *, at_most: int = 2_000_000) -> Explored:
    """Every state that can be reached. The cores cannot be copied, so each way is gone again from the start."""
    seen = {start().fingerprint()}
    ways: deque[tuple[str, ...]] = deque([()])
    while ways:
        way = ways.popleft()
        for step in _after(start, way).actions():
            model = _after(start, (*way, step))
            if model.is_broken():
                return Explored(len(seen), (*way, step))
            fingerprint = model.fingerprint()
            if fingerprint not in seen:
                seen.add(fingerprint)
                ways.append((*way, step))
        if len(seen) > at_most:
            raise RuntimeError(f"more than {at_most} states")
    return Explored(len(seen), None)


def _after(start: Callable[[], Model], way: tuple[str, ...]) -> Model:
    model = start()
    for step in way:
        model.actions()[step]()
    return model
