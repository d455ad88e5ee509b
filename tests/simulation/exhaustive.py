"""Tries every order of steps of a small model, each state once, shortest ways first."""

import pickle
from collections import deque
from dataclasses import dataclass

from tests.simulation.exhaustive_model import Model, Step

__all__ = ["Explored", "explore"]


@dataclass(frozen=True, slots=True)
class Explored:
    """How many states there are, and the shortest way to a broken one; None when there is none."""

    states: int
    counterexample: tuple[Step, ...] | None


def explore(start: Model, *, at_most: int = 2_000_000) -> Explored:
    """Every state that can be reached from that one. Raises: RuntimeError where there are more than `at_most`."""
    seen = {start.fingerprint()}
    ways: deque[tuple[tuple[Step, ...], bytes, list[Step]]] = deque(
        [((), pickle.dumps(start), start.steps())]
    )
    while ways:
        way, state, steps = ways.popleft()
        for step in steps:
            model: Model = pickle.loads(state)
            model.take(step)
            if model.is_broken():
                return Explored(len(seen), (*way, step))
            fingerprint = model.fingerprint()
            if fingerprint not in seen:
                seen.add(fingerprint)
                ways.append(((*way, step), pickle.dumps(model), model.steps()))
        if len(seen) > at_most:
            raise RuntimeError(f"more than {at_most} states")
    return Explored(len(seen), None)
