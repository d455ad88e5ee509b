"""The table of docs/performance.md: `cutoff bench --peers --json > run.jsonl`, then `python -m benchmarks.page < run.jsonl`."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.benchmark import OURS
from benchmarks.figures import rounded

__all__ = ["rows"]

HEAD = ("| benchmark | figure | reached | |", "|---|---|---|---|")
MARKS = {True: "met", False: "not met", None: "not run"}


def rows(lines: Iterable[str]) -> Iterator[str]:
    """A row a budget; for a benchmark without one, a row a figure that its baseline has too."""
    yield from HEAD
    for line in lines:
        result = json.loads(line)
        cells = list(_budgets(result)) or list(_ratios(result))
        for number, (figure, reached, mark) in enumerate(cells):
            name = "" if number else f"`{result['benchmark']}`"
            yield f"| {name} | {figure} | {reached} | {mark} |"


def _budgets(result: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for budget in result["budgets"]:
        reached = "?" if budget["reached"] is None else _number(budget["reached"])
        yield budget["budget"], reached, MARKS[budget["met"]]


def _ratios(result: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for figure, spread in result["subjects"][OURS].items():
        if "ratio" in spread:
            reached = f"{_number(spread['ratio'])} ({_number(spread['median'])})"
            yield f"{figure} ÷ that of {result['baseline']}", reached, ""


def _number(value: float) -> str:
    return f"{rounded(value):,g}"


if __name__ == "__main__":
    print("\n".join(rows(sys.stdin)))
