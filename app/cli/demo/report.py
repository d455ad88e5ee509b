"""The outcomes as a table, for people."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from app.cli.demo.outcome import Outcome

__all__ = ["faults_of", "table_of"]


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """One line a scenario; latencies from the request (SQL: from COMMIT; expiry: from the end) to the closing message."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("scenario")
    for heading in ("closed", "wrongly", "code", "p50 ms", "max ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("receipt", no_wrap=True)
    for outcome in outcomes:
        table.add_row(*_cells(outcome), style=None if outcome.is_right else "bold red")
    return table


def faults_of(outcomes: Sequence[Outcome]) -> list[str]:
    """A sentence for each scenario that went wrong."""
    return [
        f"{outcome.scenario}: {'; '.join(outcome.faults) or 'not exactly the right sockets closed'}."
        for outcome in outcomes
        if not outcome.is_right
    ]


def _cells(outcome: Outcome) -> list[str]:
    receipt = outcome.receipt
    return [
        outcome.scenario,
        f"{outcome.closed} of {outcome.expected_closed}",
        str(outcome.wrongly_closed),
        ", ".join(f"{count}x {code}" for code, count in sorted(outcome.codes.items())),
        _milliseconds(outcome.p50_ms),
        _milliseconds(outcome.max_ms),
        f"{receipt.state}, {receipt.closed} on {receipt.nodes} nodes" if receipt else "none",
    ]


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
