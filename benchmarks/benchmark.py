"""What a benchmark is: subjects that are measured in turn, and the ratios that are wanted."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from benchmarks.figures import rounded

__all__ = ["OURS", "Benchmark", "Budget", "Figures", "Options", "Subject"]

OURS = "cutoff"

Figures = Mapping[str, float]
"""What one subject reached in one round; names end with the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run was asked for."""

    rounds: int = 3
    peers: bool = False
    scale: float = 1.0
    """Below 1, sizes shrink: to see that a benchmark works, not to measure."""

    def scaled(self, size: int, *, least: int = 1) -> int:
        """So many, at this scale."""
        return max(least, round(size * self.scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One of those that are compared; `measure` is one round of it."""

    name: str
    measure: Callable[[], Figures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """`figure` of ours, as a ratio to `of_figure` (the same one, if empty) of `against`, or alone, and its bound."""

    figure: str
    against: str | None = None
    of_figure: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def sentence(self) -> str:
        """For people."""
        bound = f"≤ {_told(self.at_most)}" if self.at_most is not None else f"≥ {_told(self.at_least)}"
        if self.against is None:
            return f"{self.figure} {bound}"
        other = self.of_figure or self.figure
        named = (
            other
            if self.against == OURS
            else f"{self.against}'s" + (f" {other}" if other != self.figure else "")
        )
        return f"{self.figure} {bound} times {named}"


def _told(bound: float | None) -> str:
    return "" if bound is None else f"{rounded(bound):g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """`subjects` starts what is needed, and stops it. Ratios are to `baseline`; an empty one has none."""

    name: str
    summary: str
    baseline: str
    subjects: Callable[[Options], AbstractContextManager[Sequence[Subject]]]
    budgets: Sequence[Budget] = ()
