"""The page's table is made from what a run printed: budgets where there are some, else ratios."""

import json

from benchmarks.benchmark import Benchmark, Budget
from benchmarks.page import rows
from benchmarks.running import Result


def a_line(*budgets: Budget) -> str:
    benchmark = Benchmark(name="made", summary="", baseline="floor", subjects=..., budgets=budgets)  # type: ignore[arg-type]
    rounds = [{"cutoff": {"p50_ms": 3.0, "alone": 7.0}, "floor": {"p50_ms": 2.0}}]
    return json.dumps(Result(benchmark=benchmark, rounds=rounds).as_json())


def test_a_benchmark_with_budgets_has_a_row_for_each_and_its_name_once():
    budgets = [
        Budget(figure="p50_ms", against="floor", at_most=1.1),
        Budget(figure="alone", at_most=7.0),
        Budget(figure="p50_ms", against="socket.io", at_most=0.8),
    ]
    assert list(rows([a_line(*budgets)]))[2:] == [
        "| `made` | p50_ms ≤ 1.1 times floor's | 1.5 | not met |",
        "|  | alone ≤ 7 | 7 | met |",
        "|  | p50_ms ≤ 0.8 times socket.io's | ? | not run |",
    ]


def test_a_benchmark_without_budgets_has_its_ratios_to_the_baseline():
    assert list(rows([a_line()]))[2:] == ["| `made` | p50_ms ÷ that of floor | 1.5 (3) |  |"]
