"""`cutoff sessions`: who is signed in where, and with how many sockets; and one session, live or over."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from app.cli.database import opened_database
from app.cli.listing import print_facts, print_json, print_table, the_first
from app.config import load_settings
from app.data.credential_search import FoundSession
from app.domain.ids import SessionId
from app.operations.look_as_operator import (
    SessionDetails,
    list_sessions_as_operator,
    read_session_as_operator,
)

__all__ = ["print_session", "print_sessions"]


def print_sessions(*, account: str | None, org: str | None, limit: int, as_json: bool) -> None:
    """Live sessions, newest first. Raises: NotFound for an account or an organization that is not there."""
    with opened_database(load_settings(), purpose="sessions") as database:
        found, has_more = the_first(
            limit,
            lambda page: database.transact(list_sessions_as_operator, account=account, org=org, page=page),
        )
    if as_json:
        print_json(_as_json(session) for session in found)
    else:
        print_table([_row(session) for session in found], empty="No live session.", has_more=has_more)


def print_session(session_id: UUID, *, as_json: bool) -> None:
    """That session, live or over. Raises: NotFound."""
    with opened_database(load_settings(), purpose="sessions") as database:
        details = database.transact(read_session_as_operator, SessionId(session_id))
    if as_json:
        print_json([_details(details)])
    else:
        print_facts(_facts(details))


def _row(session: FoundSession) -> dict[str, Any]:
    return {
        "id": session.session_id,
        "account": session.email,
        "device": session.device,
        "address": session.ip_address,
        "last_active": session.last_active_at,
        "support": "yes" if session.grant_id else "",
        "sockets": session.sockets,
    }


def _as_json(session: FoundSession) -> dict[str, Any]:
    fields = asdict(session)
    return {"id": fields.pop("session_id"), "state": _state(session), **fields}


def _details(details: SessionDetails) -> dict[str, Any]:
    nodes = [asdict(node) for node in details.nodes]
    return {**_as_json(details.session), "nodes": nodes, "revocation_id": details.revocation_id}


def _facts(details: SessionDetails) -> dict[str, Any]:
    where = ", ".join(f"{node.sockets} on {node.node}" for node in details.nodes)
    facts = {**_as_json(details.session), "revocation_id": details.revocation_id}
    return {**facts, "has_expired": None, "sockets": where or "none"}


def _state(session: FoundSession) -> str:
    if session.ended_at is not None:
        return "ended"
    return "expired" if session.has_expired else "live"
