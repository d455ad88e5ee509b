"""`cutoff demo`: starts a fleet, performs every scenario on it, and prints what happened."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from app.cli.database import opened_database
from app.cli.demo.outcome import Outcome
from app.cli.demo.performance import perform_all
from app.cli.demo.report import faults_of, table_of
from app.cli.exit_status import ExitStatus
from app.cli.fleet import running_fleet
from app.cli.fleet.residents import prepare_database
from app.cli.stopping import stopped_by_signals
from app.embedded.free_port import free_port

__all__ = ["run_demo"]


def run_demo(*, nodes: int, as_json: bool) -> ExitStatus:
    """DONE if exactly the right sockets closed in every scenario, and every receipt says so."""
    with stopped_by_signals(), _progress() as tell:
        outcomes = _outcomes(nodes, tell)
    if as_json:
        for outcome in outcomes:
            print(json.dumps(outcome.as_json()))
    else:
        _print_table(outcomes, nodes)
    for fault in faults_of(outcomes):
        print(f"cutoff: {fault}", file=sys.stderr)
    return ExitStatus.DONE if all(outcome.is_right for outcome in outcomes) else ExitStatus.NOT_SO


def _outcomes(nodes: int, tell: Callable[[str], None]) -> list[Outcome]:
    tell("starting PostgreSQL, Valkey, nodes, worker and beat")
    ports = tuple(free_port() for _ in range(nodes))
    with (
        running_fleet(ports=ports, prepare=prepare_database, tell=_warn) as fleet,
        opened_database(fleet.settings, purpose="demo") as database,
    ):
        return asyncio.run(perform_all(fleet, database, tell=tell))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """On stderr, and only for somebody who looks."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with Status("", console=console) as status:
        yield lambda what: status.update(f"{what} …")


def _print_table(outcomes: list[Outcome], nodes: int) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table_of(outcomes))
    sockets = sum(len(outcome.sockets) for outcome in outcomes)
    console.print(
        f"{sockets} sockets on {nodes} nodes; the {sum(o.closed for o in outcomes)} that had to go went, "
        "with the code they had to get; everybody else goes on."
        if all(outcome.is_right for outcome in outcomes)
        else "Not as it should be.",
        highlight=False,
    )


def _warn(what: str) -> None:
    print(f"cutoff: {what}", file=sys.stderr)
