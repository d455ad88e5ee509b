"""Asking before something ends."""

import sys

import typer

from app.cli.problems import CommandRefused, NothingDone

__all__ = ["confirm"]


def confirm(question: str, *, yes: bool) -> None:
    """Returns if it may go on: it was said beforehand (`--yes`), or a person says so now.

    Raises: NothingDone where the person says no; CommandRefused where nobody is there to be asked.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandRefused(
            "Nothing has ended: nobody is there to be asked. Say --yes, or --plan to look first."
        )
    if not typer.confirm(question, err=True):
        raise NothingDone("Nothing has ended.")
