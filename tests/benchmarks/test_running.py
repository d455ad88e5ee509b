"""Rounds are interleaved, ratios are those of medians, and a budget is met, not met, or not known."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from benchmarks.benchmark import Benchmark, Budget, Figures, Options, Subject
from benchmarks.guard import passes
from benchmarks.running import play


def a_benchmark(
    ours: Sequence[float], floor: Sequence[float], *budgets: Budget
) -> tuple[Benchmark, list[str]]:
    """Its subjects reach one of those values a round; and who was measured when."""
    calls: list[str] = []

    def subject(name: str, values: Sequence[float]) -> Subject:
        remaining = iter(values)

        def measure() -> Figures:
            calls.append(name)
            return {"p50_ms": next(remaining)}

        return Subject(name=name, measure=measure)

    @contextmanager
    def subjects(_options: Options) -> Iterator[Sequence[Subject]]:
        yield [subject("cutoff", ours), subject("floor", floor)]

    made = Benchmark(name="made", summary="", baseline="floor", subjects=subjects, budgets=budgets)
    return made, calls


def test_each_round_begins_with_another_subject():
    made, calls = a_benchmark([1, 1, 1], [1, 1, 1])
    play(made, Options(rounds=3))
    assert calls == ["cutoff", "floor", "floor", "cutoff", "cutoff", "floor"]


def test_ratios_are_those_of_medians_so_that_one_bad_round_does_not_count():
    made, _ = a_benchmark([2, 100, 2], [1, 1, 1])
    assert play(made, Options(rounds=3)).ratio("cutoff", "p50_ms", against="floor") == 2.0


@pytest.mark.parametrize(("ours", "is_met"), [(1.0, True), (1.1, True), (1.2, False)])
def test_a_budget_is_held_against_the_ratio(ours, is_met):
    made, _ = a_benchmark([ours], [1.0], Budget(figure="p50_ms", against="floor", at_most=1.1))
    result = play(made, Options(rounds=1))
    assert [verdict.is_met for verdict in result.verdicts()] == [is_met]
    assert passes(result) is is_met


def test_a_budget_against_somebody_who_did_not_run_is_neither_met_nor_missed():
    made, _ = a_benchmark([1.0], [1.0], Budget(figure="p50_ms", against="socket.io", at_most=0.8))
    result = play(made, Options(rounds=1))
    assert result.as_json()["budgets"] == [
        {"budget": "p50_ms ≤ 0.8 times socket.io's", "reached": None, "met": None}
    ]
    assert not passes(result)


def test_the_json_of_a_subject_has_its_ratio_to_the_baseline():
    made, _ = a_benchmark([3.0], [2.0])
    told = play(made, Options(rounds=1)).as_json()
    assert told["subjects"]["cutoff"]["p50_ms"] == {
        "median": 3.0,
        "least": 3.0,
        "greatest": 3.0,
        "ratio": 1.5,
    }
