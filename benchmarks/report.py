"""One readable table a benchmark: medians, spread over the rounds, ratios to the baseline, and the budgets."""

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Spread, rounded
from benchmarks.running import Result, Verdict

__all__ = ["print_table"]


def print_table(result: Result, console: Console) -> None:
    """On the console."""
    benchmark = result.benchmark
    table = Table(
        title=f"{benchmark.name} · {benchmark.summary}", title_justify="left", title_style="bold", box=None
    )
    against = f"÷ {benchmark.baseline}" if benchmark.baseline else ""
    for name in ("", "figure", "median", f"{len(result.rounds)} rounds", against):
        table.add_column(name, justify="left" if name in ("", "figure") else "right")
    for subject in result.subjects:
        for number, figure in enumerate(result.figures_of(subject)):
            table.add_row("" if number else subject, *_cells(result, subject, figure))
    console.print(table)
    for verdict in result.verdicts():
        console.print(f"  {_mark(verdict)} {verdict.budget.sentence}{_reached(verdict)}")
    console.print()


def _cells(result: Result, subject: str, figure: str) -> tuple[str, str, str, str]:
    spread = result.spread(subject, figure)
    assert spread is not None
    ratio = result.ratio(subject, figure, against=result.benchmark.baseline)
    return figure, _number(spread.median), _range(spread), "" if ratio is None else f"{ratio:.2f}"


def _range(spread: Spread) -> str:
    return f"{_number(spread.least)} … {_number(spread.greatest)}"


def _number(value: float) -> str:
    return f"{rounded(value):,g}"


def _mark(verdict: Verdict) -> str:
    return {True: "met    ", False: "not met", None: "not run"}[verdict.is_met]


def _reached(verdict: Verdict) -> str:
    return "" if verdict.reached is None else f": {verdict.reached:.3g}"
