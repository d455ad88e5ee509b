"""`cutoff tokens`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from typing import Annotated
from uuid import UUID

import typer

from app.cli.commands.options import Account, AsJson, Limit, Org, group

__all__ = ["app"]

app = group("Which API tokens there are, and with how many sockets.")


@app.command("list")
def list_all(
    *, account: Account = None, org: Org = None, limit: Limit = 100, as_json: AsJson = False
) -> None:
    """List live API tokens, newest first: an account's, an organization's members', or everybody's."""
    from app.cli.tokens import print_tokens

    print_tokens(account=account, org=org, limit=limit, as_json=as_json)


@app.command()
def show(
    api_token_id: Annotated[UUID, typer.Argument(help="The API token's id.")], *, as_json: AsJson = False
) -> None:
    """Show one API token, live or over: whose, where its sockets are, what ended it."""
    from app.cli.tokens import print_token

    print_token(api_token_id, as_json=as_json)
