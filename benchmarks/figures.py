"""Percentiles, and what several rounds say together."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Spread", "latencies", "percentile"]

MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of the rounds, and the least and greatest of them."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        return cls(median=statistics.median(values), least=min(values), greatest=max(values))

    def as_json(self) -> dict[str, float]:
        """Rounded to what means something."""
        return {
            "median": rounded(self.median),
            "least": rounded(self.least),
            "greatest": rounded(self.greatest),
        }


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest rank: the least value that at least that share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """The figures of a round in which something happened many times."""
    return {"p50_ms": percentile(seconds, 0.5) * MS, "p99_ms": percentile(seconds, 0.99) * MS}


def rounded(value: float) -> float:
    """Three significant digits, and all of a large number's."""
    return float(f"{value:.3g}") if abs(value) < 1000 else round(value)
