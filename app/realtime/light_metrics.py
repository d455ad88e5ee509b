"""Metrics for what happens several times to each socket that closes: counted in plain numbers, made into samples when asked.

A sample of the client library's own takes a lock and several calls to count: for a closing socket, as much as its gate.
These belong to the event loop: nothing else counts.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString

__all__ = ["LightCounter", "LightHistogram"]


class LightCounter(Collector):
    """A counter with labels."""

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str], *, registry: CollectorRegistry = REGISTRY
    ) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._counts: dict[tuple[str, ...], int] = {}
        registry.register(self)

    def add(self, labels: tuple[str, ...], count: int = 1) -> None:
        """So many more."""
        self._counts[labels] = self._counts.get(labels, 0) + count

    def collect(self) -> Iterator[CounterMetricFamily]:
        """For the registry."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, count in self._counts.copy().items():
            family.add_metric([str(label) for label in labels], count)
        yield family


class LightHistogram(Collector):
    """A histogram of seconds; one without labels shows its zeros from the beginning."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str] = (),
        *,
        bounds_s: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._bounds_s = tuple(bounds_s)
        self._words = [*map(floatToGoString, self._bounds_s), "+Inf"]
        self._seen: dict[tuple[str, ...], _Seen] = {} if labels else {(): self._nothing()}
        registry.register(self)

    def observe(self, seconds: float, *, labels: tuple[str, ...] = (), times: int = 1) -> None:
        """So many took so long. A bound belongs to what is below it."""
        seen = self._seen.get(labels)
        if seen is None:
            seen = self._seen[labels] = self._nothing()
        seen.counts[bisect_left(self._bounds_s, seconds)] += times
        seen.seconds += seconds * times

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """For the registry."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, seen in self._seen.copy().items():
            buckets = list(zip(self._words, map(float, accumulate(seen.counts)), strict=True))
            family.add_metric([str(label) for label in labels], buckets, seen.seconds)
        yield family

    def _nothing(self) -> "_Seen":
        return _Seen(len(self._words))


class _Seen:
    __slots__ = ("counts", "seconds")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.seconds = 0.0
