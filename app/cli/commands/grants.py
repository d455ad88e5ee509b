"""`cutoff grants`."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

from typing import Annotated
from uuid import UUID

import typer

from app.cli.commands.options import AsJson, Limit, Yes, group

__all__ = ["app"]

app = group("Support access: who is let in, by whom, until when.")

GrantArgument = Annotated[UUID, typer.Argument(help="The grant's id.")]
Until = Annotated[
    str, typer.Option("--until", help="Until then (2026-11-20T08:00Z), or for that long: 30m, 2h, 7d.")
]
By = Annotated[
    str, typer.Option("--by", help="The organization's admin who has agreed: e-mail address or id.")
]


@app.command("list")
def list_all(
    *,
    org: Annotated[str | None, typer.Option("--org", help="Of this organization: slug or id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List the grants that let somebody in now, newest first."""
    from app.cli.grants import print_grants

    print_grants(org=org, everything=everything, limit=limit, as_json=as_json)


@app.command()
def show(grant_id: GrantArgument, *, as_json: AsJson = False) -> None:
    """Show one grant, usable or over: what it allows, and what use was made of it."""
    from app.cli.grants import print_grant

    print_grant(grant_id, as_json=as_json)


@app.command()
def give(
    org: Annotated[str, typer.Argument(help="The organization's slug or id.")],
    *,
    until: Until,
    reason: Annotated[str, typer.Option("--reason", help="Why; the organization reads it.")],
    by: By,
    to: Annotated[
        str | None, typer.Option("--to", help="Only this Global Admin: e-mail address or id.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only to read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let support into an organization, in the name of its admin who has agreed."""
    from app.cli.grants import give_and_print
    from app.operations.grants_as_operator import GrantWish

    wish = GrantWish(org=org, by=by, to=to, reason=reason, read_only=read_only)
    give_and_print(wish, until=until, as_json=as_json)


@app.command()
def extend(
    grant_id: GrantArgument, *, until: Until, by: By, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Move a grant's end, later or sooner: sockets go on until then, or close then. Asks first where it may be sooner."""
    from app.cli.grants import move_and_print

    move_and_print(grant_id, by=by, until=until, yes=yes, as_json=as_json)


@app.command()
def end(
    grant_id: GrantArgument,
    *,
    yes: Yes = False,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, max=300, help="Seconds to wait for the receipt.")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """End a grant now, with the sessions opened under it: say what ends, ask, and print the receipt."""
    from app.cli.revoke import revoke_and_print
    from app.domain.operator_target import OperatorTarget

    raise typer.Exit(
        revoke_and_print(OperatorTarget.GRANT, str(grant_id), yes=yes, wait_s=wait_s, as_json=as_json)
    )
