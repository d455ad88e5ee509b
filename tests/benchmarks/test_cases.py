"""The benchmarks that stand on a whole fleet work: each once, at a size that measures nothing."""

from collections.abc import Iterator

import pytest

from benchmarks import gates, million
from benchmarks.cases import frames, queue_rate, receipts, rotation, storm, storm_sizes
from benchmarks.stacks import Stack
from benchmarks.stacks.ours import ADDRESSES, OurFleet, our_fleet, our_stack

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def ours() -> Iterator[OurFleet]:
    with pytest.MonkeyPatch.context() as environment:
        for name in ADDRESSES:
            environment.delenv(name, raising=False)
        with our_fleet() as fleet:
            yield fleet


@pytest.fixture(scope="module")
def stack(ours: OurFleet) -> Iterator[Stack]:
    with our_stack(ours) as started:
        yield started


def test_a_storm_misses_nobody(stack: Stack):
    figures = storm.measure(stack, 20)
    assert figures["missing"] == 0
    assert figures["closed_per_second"] > 0


def test_a_storm_is_measured_among_sockets_that_stay(stack: Stack):
    assert storm_sizes.measure(stack, stack, 10, bystanders=10)["closed_per_second"] > 0


def test_revocations_through_the_queue_are_counted_when_closed_and_audited(ours: OurFleet, stack: Stack):
    with queue_rate.stage_of(ours, stack) as stage:
        assert 0 < queue_rate.measure(stage, 5)["per_second"] < 10_000
        assert 0 < queue_rate.measure_empty(stage, 5)["per_second"] < 10_000


def test_refresh_tokens_rotate_over_http_and_by_hand(ours: OurFleet, stack: Stack):
    for client in (rotation.over_http, rotation.by_hand):
        assert rotation.measure(ours, stack, client, 2)["per_second"] > 0


def test_receipts_are_written_before_they_are_counted(ours: OurFleet, stack: Stack):
    with receipts.stage_of(ours, stack) as stage:
        assert receipts.measure(stage, 10, has_receipts=True)["settle_ms_each"] > 0
        assert "settle_ms_each" not in receipts.measure(stage, 10, has_receipts=False)


def test_the_gates_of_all_sockets_of_an_account_are_shut_in_one_step():
    assert gates.main(50)["gates_ms"] > 0


def test_the_gate_is_asked_as_a_node_asks_it():
    assert 0 < frames.gate_us() < 1_000


@pytest.mark.parametrize("kind", ["cutoff", "plain"])
def test_connections_without_sockets_are_indexed_forgotten_and_collected(kind):
    figures = million.main(kind, 1_000)
    assert figures["forget_us"] > 0
    assert figures["longest_pause_ms"] >= 0
