"""`cutoff bench`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from typing import Annotated

import typer

from app.cli.commands.options import AsJson

__all__ = ["app"]

app = typer.Typer()


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all, if none is named.")] = None,
    *,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=100, help="How many, interleaved.")] = 3,
    peers: Annotated[
        bool, typer.Option("--peers", help="Socket.IO, Channels and python-socketio too: installs them once.")
    ] = False,
    scale: Annotated[
        float, typer.Option("--scale", min=0.001, max=1.0, help="Below 1: smaller, to try it out.")
    ] = 1.0,
    list_them: Annotated[bool, typer.Option("--list", help="Say which there are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a fleet of its own beside a hand-written floor, in turn, and tell the ratios. Needs a checkout."""
    from app.cli.bench import run_benchmarks

    asked = {"--peers": peers, "--list": list_them, "--json": as_json}
    words = [*(names or []), "--rounds", str(rounds), "--scale", str(scale)]
    raise typer.Exit(run_benchmarks([*words, *(word for word, is_asked in asked.items() if is_asked)]))
