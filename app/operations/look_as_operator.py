"""An operator looks around: accounts by name, sessions, API tokens, the audit trail. Whoever has the database sees all."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection

from app.data.api_tokens import find_api_token, find_revocation_of_token
from app.data.audit_trail import TrailEvent, find_trail
from app.data.credential_search import (
    FoundSession,
    FoundToken,
    NodeSockets,
    find_any_session,
    find_any_token,
    find_live_sessions,
    find_live_tokens,
    find_sockets_on,
)
from app.data.organizations import find_organization
from app.data.rows import one_row
from app.data.session_rows import find_revocation_of_session, find_session_of
from app.domain.errors import NotFound
from app.domain.ids import AccountId, ApiTokenId, OrgId, RevocationId, SessionId
from app.domain.paging import Page, PageRequest
from app.domain.searching import TrailSearch

__all__ = [
    "SessionDetails",
    "TokenDetails",
    "find_account_as_operator",
    "list_audit_events_as_operator",
    "list_sessions_as_operator",
    "list_tokens_as_operator",
    "read_session_as_operator",
    "read_token_as_operator",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDetails:
    """A session, where its sockets are, and the revocation that ended it, where one did and is on record."""

    session: FoundSession
    nodes: tuple[NodeSockets, ...]
    revocation_id: RevocationId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDetails:
    """An API token; the same."""

    token: FoundToken
    nodes: tuple[NodeSockets, ...]
    revocation_id: RevocationId | None


def find_account_as_operator(db: Connection, name: str) -> AccountId:
    """The account with that id, deleted ones included, or with that e-mail address. Raises: NotFound."""
    row = one_row(db, _BY_NAME, email=name, id=_id_from(name))
    if row is None:
        raise NotFound("account")
    return AccountId(row["id"])


def list_sessions_as_operator(
    db: Connection, *, account: str | None, org: str | None, page: PageRequest
) -> Page[FoundSession]:
    """Live sessions: of the account, of the organization's members, or of everybody. Raises: NotFound."""
    account_id, org_id = _named(db, account, org)
    return find_live_sessions(db, page, account_id=account_id, org_id=org_id)


def list_tokens_as_operator(
    db: Connection, *, account: str | None, org: str | None, page: PageRequest
) -> Page[FoundToken]:
    """Live API tokens; the same."""
    account_id, org_id = _named(db, account, org)
    return find_live_tokens(db, page, account_id=account_id, org_id=org_id)


def read_session_as_operator(db: Connection, session_id: SessionId) -> SessionDetails:
    """The session, live or over. Raises: NotFound."""
    session = find_any_session(db, session_id)
    row = None if session is None else find_session_of(db, session_id, owner=session.account_id)
    if session is None or row is None:
        raise NotFound("session")
    revocation_id = find_revocation_of_session(db, row) if row.is_ended else None
    return SessionDetails(session=session, nodes=find_sockets_on(db, session_id), revocation_id=revocation_id)


def read_token_as_operator(db: Connection, api_token_id: ApiTokenId) -> TokenDetails:
    """The API token, live or over. Raises: NotFound."""
    token = find_any_token(db, api_token_id)
    row = None if token is None else find_api_token(db, api_token_id, owner=token.account_id)
    if token is None or row is None:
        raise NotFound("api_token")
    revocation_id = find_revocation_of_token(db, row) if row.is_ended else None
    return TokenDetails(token=token, nodes=find_sockets_on(db, api_token_id), revocation_id=revocation_id)


def list_audit_events_as_operator(
    db: Connection, *, search: TrailSearch, lately: timedelta | None, page: PageRequest
) -> Page[TrailEvent]:
    """What answers the search, newest first; of the last so much time, by the database's clock, if that is said."""
    if lately is not None:
        row = one_row(db, "SELECT statement_timestamp() - %(lately)s::interval AS since", lately=lately)
        assert row is not None
        search = replace(search, since=row["since"])
    return find_trail(db, reader=None, org_id=None, search=search, page=page)


def _named(db: Connection, account: str | None, org: str | None) -> tuple[AccountId | None, OrgId | None]:
    account_id = None if account is None else find_account_as_operator(db, account)
    if org is None:
        return account_id, None
    organization = find_organization(db, org)
    if organization is None:
        raise NotFound("organization")
    return account_id, organization.org_id


def _id_from(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


_BY_NAME = """
SELECT id FROM account
 WHERE id = %(id)s::uuid OR (email = lower(%(email)s) AND deleted_at IS NULL)
"""
