"""`cutoff sessions`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from typing import Annotated
from uuid import UUID

import typer

from app.cli.commands.options import Account, AsJson, Limit, Org, group

__all__ = ["app"]

app = group("Who is signed in where, and with how many sockets.")


@app.command("list")
def list_all(
    *, account: Account = None, org: Org = None, limit: Limit = 100, as_json: AsJson = False
) -> None:
    """List live sessions, newest first: an account's, an organization's members', or everybody's."""
    from app.cli.sessions import print_sessions

    print_sessions(account=account, org=org, limit=limit, as_json=as_json)


@app.command()
def show(
    session_id: Annotated[UUID, typer.Argument(help="The session's id.")], *, as_json: AsJson = False
) -> None:
    """Show one session, live or over: whose, where its sockets are, what ended it."""
    from app.cli.sessions import print_session

    print_session(session_id, as_json=as_json)
