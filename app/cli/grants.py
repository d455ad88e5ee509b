"""`cutoff grants`: who is let in, until when; giving, moving and showing support access."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.cli.audit import since_from
from app.cli.confirmation import confirm
from app.cli.database import opened_database
from app.cli.listing import print_facts, print_json, print_table, the_first
from app.config import load_settings
from app.data.engine import Database
from app.data.shown_grants import ShownGrant
from app.domain.errors import Invalid
from app.domain.ids import GrantId
from app.operations.grants_as_operator import (
    GrantWish,
    give_grant_as_operator,
    list_grants_as_operator,
    move_grant_as_operator,
    read_grant_as_operator,
)

__all__ = ["give_and_print", "move_and_print", "print_grant", "print_grants"]


def print_grants(*, org: str | None, everything: bool, limit: int, as_json: bool) -> None:
    """Grants, newest first: those that let somebody in now, or all. Raises: NotFound for an unknown organization."""
    with opened_database(load_settings(), purpose="grants") as database:
        found, has_more = the_first(
            limit,
            lambda page: database.transact(
                list_grants_as_operator, org=org, only_usable=not everything, page=page
            ),
        )
    if as_json:
        print_json(_as_json(grant) for grant in found)
    else:
        print_table([_row(grant) for grant in found], empty="Nobody is let in.", has_more=has_more)


def print_grant(grant_id: UUID, *, as_json: bool) -> None:
    """That grant, usable or over. Raises: NotFound."""
    with opened_database(load_settings(), purpose="grants") as database:
        _show(database, GrantId(grant_id), as_json=as_json)


def give_and_print(wish: GrantWish, *, until: str, as_json: bool) -> None:
    """They are let in. Raises: NotFound, Forbidden, Invalid."""
    settings = load_settings()
    expires_at, lasts = _end_from(until)
    with opened_database(settings, purpose="grants") as database:
        grant_id = database.transact(
            give_grant_as_operator,
            wish,
            expires_at=expires_at,
            lasts=lasts,
            maximum=settings.grant_maximum,
        )
        _show(database, grant_id, as_json=as_json)


def move_and_print(grant_id: UUID, *, by: str, until: str, yes: bool, as_json: bool) -> None:
    """It ends then instead; where sessions may end sooner by that, somebody has agreed.

    Raises: NotFound, Forbidden, Invalid, Conflict; NothingDone and CommandRefused where nobody has agreed.
    """
    settings = load_settings()
    expires_at, lasts = _end_from(until)
    with opened_database(settings, purpose="grants") as database:
        grant = database.transact(read_grant_as_operator, GrantId(grant_id))
        if expires_at is None or expires_at < grant.expires_at:
            confirm(
                f"It ends at {grant.expires_at:%Y-%m-%d %H:%M} UTC now, and may end sooner. Go on?", yes=yes
            )
        database.transact(
            move_grant_as_operator,
            GrantId(grant_id),
            by=by,
            expires_at=expires_at,
            lasts=lasts,
            maximum=settings.grant_maximum,
        )
        _show(database, GrantId(grant_id), as_json=as_json)


def _end_from(until: str) -> tuple[datetime | None, timedelta | None]:
    """An instant, in UTC without a zone, or how long from now. Raises: Invalid."""
    try:
        return since_from(until)
    except Invalid:
        raise Invalid("until", "neither_a_time_nor_a_duration_like_2h") from None


def _show(database: Database, grant_id: GrantId, *, as_json: bool) -> None:
    grant = database.transact(read_grant_as_operator, grant_id)
    if as_json:
        print_json([_as_json(grant)])
    else:
        print_facts(_as_json(grant))


def _row(grant: ShownGrant) -> dict[str, Any]:
    return {
        "id": grant.grant_id,
        "org": grant.org_slug,
        "lets_in": grant.admin or "any Global Admin",
        "read_only": "yes" if grant.read_only else "",
        "until": grant.expires_at,
        "state": grant.ended or "usable",
        "used": grant.use_count,
        "reason": grant.reason,
    }


def _as_json(grant: ShownGrant) -> dict[str, Any]:
    fields = asdict(grant)
    return {"id": fields.pop("grant_id"), "state": grant.ended or "usable", **fields}
