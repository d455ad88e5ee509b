"""The `cutoff` command: its groups of commands, and how the process ends. What runs is imported when it runs."""

import sys

import typer

from app.cli.commands import (
    accounts,
    auditing,
    benchmarking,
    doctor,
    grants,
    mass,
    nodes,
    revoking,
    running,
    sessions,
    tokens,
)
from app.cli.commands.options import EPILOG
from app.cli.exit_status import ExitStatus

__all__ = ["app", "main"]

app = typer.Typer(
    name="cutoff",
    help="Revocation that reaches the socket: a credential ends, and its WebSockets close on every node.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(running.app)
app.add_typer(doctor.app)
app.add_typer(benchmarking.app)
app.add_typer(accounts.app)
app.add_typer(revoking.app)
app.add_typer(auditing.app)
app.add_typer(sessions.app, name="sessions")
app.add_typer(tokens.app, name="tokens")
app.add_typer(grants.app, name="grants")
app.add_typer(mass.app, name="mass")
app.add_typer(nodes.app, name="nodes")


def main() -> None:
    """The process ends with a documented status; what went wrong is one sentence on stderr."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    except Exception as error:
        from app.cli.problems import problem_of  # noqa: PLC0415 - only then

        problem = problem_of(error)
        if problem is None:
            raise
        print(f"cutoff: {problem.sentence}", file=sys.stderr)
        sys.exit(problem.status)


if __name__ == "__main__":
    main()
