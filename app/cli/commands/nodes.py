"""`cutoff nodes`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from typing import Annotated
from uuid import UUID

import typer

from app.cli.commands.options import AsJson, group

__all__ = ["app"]

app = group("The nodes that hold sockets.", runs_without_command=True)


@app.callback()
def list_all(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the nodes with a row: current or not, subscribed or not, sockets."""
    if context.invoked_subcommand is not None:
        return
    from app.cli.nodes import print_nodes

    print_nodes(as_json=as_json)


@app.command()
def forget(node_id: Annotated[UUID, typer.Argument(help="The node's id.")]) -> None:
    """Remove a node that will not come back, so that no receipt waits for it. Be sure that it carries no socket."""
    from app.cli.nodes import forget_for_good

    forget_for_good(node_id)
