"""`cutoff node`, `migrate`, `up` and `demo`: what runs, and what it runs on."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from pathlib import Path
from typing import Annotated

import typer

from app.cli.commands.options import AsJson

__all__ = ["app"]

app = typer.Typer()

PLAIN_APPLICATION = "app.asgi:app"
OwnApplication = Annotated[
    str,
    typer.Option("--app", help="MODULE:NAME of an `Application` with applications of your own beside it."),
]


@app.command()
def node(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any.")] = 8000,
    uds: Annotated[Path | None, typer.Option(help="Listen on this Unix socket instead.")] = None,
    application: OwnApplication = PLAIN_APPLICATION,
) -> None:
    """Run one node: the HTTP API, the pages and the sockets."""
    from app.cli.node import serve

    serve(host=host, port=port, uds=uds, application=application)


@app.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to this version's tables and triggers."""
    from app.cli.migrate import migrate_database

    migrate_database()


@app.command()
def up(
    nodes: Annotated[int, typer.Option("--nodes", min=1, max=16, help="How many nodes.")] = 2,
    port: Annotated[
        int, typer.Option(min=1, max=65000, help="Port of the first node; others follow.")
    ] = 8000,
    application: OwnApplication = PLAIN_APPLICATION,
) -> None:
    """Run a whole fleet on this machine until Ctrl-C: servers, nodes, worker, beat, demo accounts."""
    from app.cli.up import run_fleet

    run_fleet(nodes=nodes, port=port, application=application)


@app.command()
def demo(
    *,
    nodes: Annotated[int, typer.Option("--nodes", min=2, max=16, help="How many nodes.")] = 2,
    as_json: AsJson = False,
) -> None:
    """End credentials in every way on a real fleet, and see exactly the right sockets close."""
    from app.cli.demo.run import run_demo

    raise typer.Exit(run_demo(nodes=nodes, as_json=as_json))
