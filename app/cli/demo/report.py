"""The outcomes as a table, for people."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from app.cli.demo.outcome import Outcome

__all__ = ["faults_of", "table_of"]


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """One line a scenario; latencies from the request (SQL: from COMMIT; expiry: from the end) to the closing message."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
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
    return [
        outcome.scenario,
        f"{outcome.closed} of {outcome.expected_closed}",
        str(outcome.wrongly_closed),
        ", ".join(f"{code} x{count}" for code, count in sorted(outcome.codes.items())),
        _milliseconds(outcome.p50_ms),
        _milliseconds(outcome.max_ms),
        _receipt(outcome),
    ]


def _receipt(outcome: Outcome) -> str:
    receipt = outcome.receipt
    if receipt is None:
        return "none"
    # What the clock ends is closed by each socket's own deadline, before there is a revocation to count it for.
    how = f"{receipt.closed} on {receipt.nodes} nodes" if receipt.nodes else "by the clock"
    return f"{receipt.state}, {how}"


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
