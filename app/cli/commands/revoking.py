"""`cutoff revoke` and `cutoff receipt`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from typing import Annotated
from uuid import UUID

import typer

from app.cli.commands.options import AsJson, Yes
from app.domain.operator_target import OperatorTarget

__all__ = ["app"]

app = typer.Typer()


@app.command()
def receipt(
    revocation_id: Annotated[UUID, typer.Argument(help="The revocation's id.")],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until it is complete.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a revocation closed, where, and whether every node has confirmed it."""
    from app.cli.receipt import print_receipt

    raise typer.Exit(print_receipt(revocation_id, watch=watch, as_json=as_json))


@app.command()
def revoke(
    kind: Annotated[OperatorTarget, typer.Argument(help="What ends.", show_default=False)],
    target: Annotated[
        str,
        typer.Argument(
            help="Id of the session, API token, grant or account; or the account's e-mail address."
        ),
    ],
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would end, and end nothing.")] = False,
    yes: Yes = False,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, max=300, help="Seconds to wait for the receipt.")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """End a session, an API token, a support grant, or what an account has: say what, ask, and print the receipt."""
    from app.cli.revoke import print_plan, revoke_and_print

    if plan:
        print_plan(kind, target, as_json=as_json)
        return
    raise typer.Exit(revoke_and_print(kind, target, yes=yes, wait_s=wait_s, as_json=as_json))
