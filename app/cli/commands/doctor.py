"""`cutoff doctor`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

import typer

from app.cli.commands.options import AsJson

__all__ = ["app"]

app = typer.Typer()


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Look at everything that the promise stands on, and say what to do. Status 1 if somebody has to act."""
    from app.cli.doctor.report import examine_and_print

    raise typer.Exit(examine_and_print(as_json=as_json))
