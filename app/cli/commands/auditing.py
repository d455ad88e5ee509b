"""`cutoff audit`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from typing import Annotated

import typer

from app.cli.commands.options import Account, AsJson, Limit

__all__ = ["app"]

app = typer.Typer()


@app.command()
def audit(
    *,
    account: Account = None,
    event_type: Annotated[
        str | None, typer.Option("--type", help="Of this type, such as session_revoke or sign_in.")
    ] = None,
    outcome: Annotated[str | None, typer.Option(help="Of this outcome: success or failure.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Since then: 2026-11-20T08:00Z, or an age: 30m, 2h, 7d.")
    ] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Show the audit trail, newest first."""
    from app.cli.audit import print_audit
    from app.domain.searching import TrailSearch

    search = TrailSearch(account=account, type=event_type, outcome=outcome)
    print_audit(search, since=since, limit=limit, as_json=as_json)
