"""`cutoff audit`: what was done, by whom, to whom, and whether it worked."""

import re
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.cli.database import opened_database
from app.cli.listing import print_json, print_table, the_first
from app.config import load_settings
from app.data.audit_trail import TrailEvent
from app.domain.errors import Invalid
from app.domain.searching import TrailSearch
from app.operations.look_as_operator import find_account_as_operator, list_audit_events_as_operator

__all__ = ["print_audit", "since_from"]

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def print_audit(search: TrailSearch, *, since: str | None, limit: int, as_json: bool) -> None:
    """Events that answer the search, newest first. `account` is an id or an e-mail address.

    Raises: NotFound for an account that is not there; Invalid for a `since` that is no time.
    """
    after, lately = since_from(since)
    search = replace(search, since=after)
    with opened_database(load_settings(), purpose="audit") as database:
        if search.account is not None:
            account_id = database.transact(find_account_as_operator, search.account)
            search = replace(search, account=str(account_id))
        found, has_more = the_first(
            limit,
            lambda page: database.transact(
                list_audit_events_as_operator, search=search, lately=lately, page=page
            ),
        )
    if as_json:
        print_json(_as_json(event) for event in found)
    else:
        print_table([_row(event) for event in found], empty="No such event.", has_more=has_more)


def since_from(text: str | None) -> tuple[datetime | None, timedelta | None]:
    """An instant (`2026-11-20`, `2026-11-20T08:00Z`; without a zone, UTC), or an age (`90s`, `30m`, `2h`, `7d`, `1w`).

    Raises: Invalid.
    """
    if text is None:
        return None, None
    age = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    try:
        if age is not None:
            return None, timedelta(**{UNITS[age[2]]: int(age[1])})
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Invalid("since", "neither_a_time_nor_an_age_like_2h") from None
    return (instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)), None


def _row(event: TrailEvent) -> dict[str, Any]:
    return {
        "at": event.occurred_at,
        "type": event.type,
        "outcome": event.outcome,
        "reason": event.reason,
        "account": event.account_id,
        "actor": event.actor_id,
        "address": event.ip_address,
        "receipt": event.revocation_id,
    }


def _as_json(event: TrailEvent) -> dict[str, Any]:
    fields = asdict(event)
    return {"id": fields.pop("event_id"), **fields}
