"""What is counted lightly is shown as the client library's own metrics would show it."""

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from app.domain.closing import Reason
from app.realtime.light_metrics import LightCounter, LightHistogram

BOUNDS_S = (0.001, 0.25, 1, 1.8, 10)


def shown(fill: Callable[[CollectorRegistry], None]) -> list[str]:
    registry = CollectorRegistry()
    fill(registry)
    lines = generate_latest(registry).decode().splitlines()
    created = [line for line in lines if "_created" in line]
    return [line for line in lines if line not in created]


def test_a_counter_counts_by_its_labels_and_shows_nothing_before():
    def lightly(registry: CollectorRegistry) -> None:
        counter = LightCounter("sockets", "Closed.", ["reason", "via"], registry=registry)
        counter.add((Reason.REVOKED, "tail"))
        counter.add((Reason.REVOKED, "tail"), 4)
        counter.add(("reconnect", "tail"), 0)

    def as_usual(registry: CollectorRegistry) -> None:
        counter = Counter("sockets", "Closed.", ["reason", "via"], registry=registry)
        counter.labels("revoked", "tail").inc(5)
        counter.labels("reconnect", "tail").inc(0)

    assert shown(lightly) == shown(as_usual)
    assert shown(lambda registry: _none(LightCounter("n", "N.", ["a"], registry=registry))) == shown(
        lambda registry: _none(Counter("n", "N.", ["a"], registry=registry))
    )


@pytest.mark.parametrize("labels", [(), ("revoked",)])
def test_a_histogram_has_the_same_buckets_sum_and_count(labels: tuple[str, ...]):
    names = ["reason"] if labels else []
    seconds = [0.0, 0.001, 0.0011, 0.25, 0.9, 1.0, 1.8, 10.0, 10.5]

    def lightly(registry: CollectorRegistry) -> None:
        histogram = LightHistogram("took_seconds", "Took.", names, bounds_s=BOUNDS_S, registry=registry)
        for each in seconds:
            histogram.observe(each, labels=labels)
        histogram.observe(0.5, labels=labels, times=3)

    def as_usual(registry: CollectorRegistry) -> None:
        histogram = Histogram("took_seconds", "Took.", names, buckets=BOUNDS_S, registry=registry)
        for each in [*seconds, 0.5, 0.5, 0.5]:
            (histogram.labels(*labels) if labels else histogram).observe(each)

    assert shown(lightly) == shown(as_usual)


@pytest.mark.parametrize("names", [[], ["reason"]])
def test_before_anything_is_measured_a_histogram_without_labels_shows_zeros(names: list[str]):
    def lightly(registry: CollectorRegistry) -> None:
        LightHistogram("took_seconds", "Took.", names, bounds_s=BOUNDS_S, registry=registry)

    def as_usual(registry: CollectorRegistry) -> None:
        Histogram("took_seconds", "Took.", names, buckets=BOUNDS_S, registry=registry)

    assert shown(lightly) == shown(as_usual)


def _none(_metric: object) -> None: ...
