"""What several commands share: the end of every help page, and the options that mean the same everywhere."""

from typing import Annotated, TypeAlias

import typer

from app.cli.exit_status import ExitStatus

__all__ = ["EPILOG", "Account", "AsJson", "Limit", "Org", "Yes", "group"]

EPILOG = "Exit status: " + " · ".join(f"{status.value} {status.meaning}" for status in ExitStatus) + "."

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
Account: TypeAlias = Annotated[
    str | None, typer.Option("--account", help="Of this account: its e-mail address or its id.")
]
Org: TypeAlias = Annotated[
    str | None, typer.Option("--org", help="Of this organization's members: its slug or its id.")
]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")]


def group(says: str, *, runs_without_command: bool = False) -> typer.Typer:
    """A group of commands, whose help pages end as all do."""
    return typer.Typer(
        help=says,
        epilog=EPILOG,
        no_args_is_help=not runs_without_command,
        invoke_without_command=runs_without_command,
    )
