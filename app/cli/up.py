"""`cutoff up`: a fleet to play with, and how to sign in to it."""

import signal
import socket
import sys
from contextlib import ExitStack, closing

from rich.console import Console

from app.cli.fleet import Fleet, running_fleet
from app.cli.fleet.accounts import DOMAIN
from app.cli.fleet.fleet import HOST
from app.cli.fleet.residents import ORGANIZATION, RESIDENTS, prepare_database
from app.cli.stopping import stopped_by_signals
from app.embedded.free_port import free_port

__all__ = ["run_fleet"]


def run_fleet(*, nodes: int, port: int, application: str) -> None:
    """The fleet runs until Ctrl-C or SIGTERM; whatever of it dies is started again."""
    with ExitStack() as claims, stopped_by_signals():
        ports = tuple(_free_from(port + number, claims) for number in range(nodes))
        print("Starting PostgreSQL, Valkey, nodes, worker and beat ...", file=sys.stderr)
        with running_fleet(
            ports=ports, prepare=prepare_database, tell=_tell, application=application
        ) as fleet:
            _introduce(fleet)
            _wait_for_the_end()
        print("\nStopped.", file=sys.stderr)


def _free_from(port: int, claims: ExitStack) -> int:
    """That port, or, where somebody has it or another fleet claims it, any other.

    A node takes its port seconds later; the claim on it, a name among the kernel's abstract sockets, holds until `claims` ends.
    """
    try:
        claim = claims.enter_context(closing(socket.socket(socket.AF_UNIX)))
        claim.bind(f"\0cutoff up: port {port}")
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
    except OSError:
        return free_port()
    return port


def _introduce(fleet: Fleet) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False, soft_wrap=True)
    console.print("\n[bold]Cutoff is up.[/bold]\n")
    for node in fleet.nodes:
        console.print(
            f"  {node.name}      {node.http}   sockets at {node.websocket}, API at {node.http}/docs"
        )
    console.print(f"\n  PostgreSQL  {fleet.settings.database_url}\n  Redis       {fleet.settings.redis_url}")
    console.print(f"  logs        {fleet.folder}\n")
    for name, who in RESIDENTS.items():
        console.print(f"  {f'{name}@{DOMAIN}':<22} {who}")
    console.print(
        f"\n  Their password is [bold]{fleet.installation.demo_password}[/bold], the organization is {ORGANIZATION}."
    )
    console.print("  Ctrl-C stops it all.\n")


def _wait_for_the_end() -> None:
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        # A second one may end the process at once: the kernel ends the children then.
        print("\nStopping ...", file=sys.stderr)


def _tell(what: str) -> None:
    print(f"cutoff: {what}", file=sys.stderr)
