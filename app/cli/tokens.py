"""`cutoff tokens`: which API tokens there are, and with how many sockets; and one token, live or over."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from app.cli.database import opened_database
from app.cli.listing import print_facts, print_json, print_table, the_first
from app.config import load_settings
from app.data.credential_search import FoundToken
from app.domain.ids import ApiTokenId
from app.operations.look_as_operator import (
    TokenDetails,
    list_tokens_as_operator,
    read_token_as_operator,
)

__all__ = ["print_token", "print_tokens"]


def print_tokens(*, account: str | None, org: str | None, limit: int, as_json: bool) -> None:
    """Live API tokens, newest first. Raises: NotFound for an account or an organization that is not there."""
    with opened_database(load_settings(), purpose="tokens") as database:
        found, has_more = the_first(
            limit,
            lambda page: database.transact(list_tokens_as_operator, account=account, org=org, page=page),
        )
    if as_json:
        print_json(_as_json(token) for token in found)
    else:
        print_table([_row(token) for token in found], empty="No live API token.", has_more=has_more)


def print_token(api_token_id: UUID, *, as_json: bool) -> None:
    """That API token, live or over. Raises: NotFound."""
    with opened_database(load_settings(), purpose="tokens") as database:
        details = database.transact(read_token_as_operator, ApiTokenId(api_token_id))
    if as_json:
        print_json([_details(details)])
    else:
        print_facts(_facts(details))


def _row(token: FoundToken) -> dict[str, Any]:
    return {
        "id": token.api_token_id,
        "account": token.email,
        "name": token.name,
        "last_used": token.last_used_at,
        "expires": token.expires_at,
        "sockets": token.sockets,
    }


def _as_json(token: FoundToken) -> dict[str, Any]:
    fields = asdict(token)
    return {"id": fields.pop("api_token_id"), "state": _state(token), **fields}


def _details(details: TokenDetails) -> dict[str, Any]:
    nodes = [asdict(node) for node in details.nodes]
    return {**_as_json(details.token), "nodes": nodes, "revocation_id": details.revocation_id}


def _facts(details: TokenDetails) -> dict[str, Any]:
    where = ", ".join(f"{node.sockets} on {node.node}" for node in details.nodes)
    facts = {**_as_json(details.token), "revocation_id": details.revocation_id}
    return {**facts, "has_expired": None, "sockets": where or "none"}


def _state(token: FoundToken) -> str:
    if token.ended_at is not None:
        return "ended"
    return "expired" if token.has_expired else "live"
