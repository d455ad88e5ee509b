"""`cutoff account`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from typing import Annotated

import typer

from app.cli.commands.options import AsJson

__all__ = ["app"]

app = typer.Typer()


@app.command()
def account(
    email: Annotated[str, typer.Argument(help="What the account signs in with.")],
    *,
    global_admin: Annotated[
        bool, typer.Option("--global-admin", help="May end anybody's credentials.")
    ] = False,
    org: Annotated[
        str | None, typer.Option(help="Slug of its organization, which is made if it is new.")
    ] = None,
    org_admin: Annotated[bool, typer.Option("--org-admin", help="As the organization's admin.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add an account; its password is asked for, or read from a pipe."""
    from app.cli.account import add_and_print

    add_and_print(email, is_global_admin=global_admin, org=org, is_org_admin=org_admin, as_json=as_json)
