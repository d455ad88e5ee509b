"""Sessions and API tokens as an operator sees them: of everybody, live or over, with where their sockets are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.data.open_sockets import SOCKETS_ON_SESSION, SOCKETS_ON_TOKEN
from app.data.rows import Row, all_rows, one_row
from app.domain.ids import AccountId, ApiTokenId, GrantId, OrgId, SessionId
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = [
    "FoundSession",
    "FoundToken",
    "NodeSockets",
    "find_any_session",
    "find_any_token",
    "find_live_sessions",
    "find_live_tokens",
    "find_sockets_on",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSession:
    """A session and whose it is. `ended_at` and `end_reason` are None while it has not been ended; it may have expired."""

    session_id: SessionId
    account_id: AccountId
    email: str
    device: str
    ip_address: str
    issued_at: datetime
    last_active_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    grant_id: GrantId | None
    ended_at: datetime | None
    end_reason: str | None
    has_expired: bool
    sockets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundToken:
    """An API token and whose it is; as for sessions."""

    api_token_id: ApiTokenId
    account_id: AccountId
    email: str
    name: str
    issued_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    has_expired: bool
    sockets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSockets:
    """So many sockets on that node."""

    node: str
    sockets: int


def find_live_sessions(
    db: Connection, page: PageRequest, *, account_id: AccountId | None = None, org_id: OrgId | None = None
) -> Page[FoundSession]:
    """Live sessions, newest first: of that account, of that organization's members, or of everybody."""
    rows = all_rows(db, _LIVE_SESSIONS, account_id=account_id, org_id=org_id, **page.parameters)
    return page_of(rows, page, item=_session, position=lambda row: Position(row["issued_at"], row["id"]))


def find_live_tokens(
    db: Connection, page: PageRequest, *, account_id: AccountId | None = None, org_id: OrgId | None = None
) -> Page[FoundToken]:
    """Live API tokens, newest first; the same."""
    rows = all_rows(db, _LIVE_TOKENS, account_id=account_id, org_id=org_id, **page.parameters)
    return page_of(rows, page, item=_token, position=lambda row: Position(row["issued_at"], row["id"]))


def find_any_session(db: Connection, session_id: SessionId) -> FoundSession | None:
    """That session, live or over; None for an unknown id."""
    row = one_row(db, f"{_SESSIONS} WHERE s.id = %(session_id)s", session_id=session_id)
    return None if row is None else _session(row)


def find_any_token(db: Connection, api_token_id: ApiTokenId) -> FoundToken | None:
    """That API token, live or over; None for an unknown id."""
    row = one_row(db, f"{_TOKENS} WHERE t.id = %(api_token_id)s", api_token_id=api_token_id)
    return None if row is None else _token(row)


def find_sockets_on(db: Connection, credential_id: UUID) -> tuple[NodeSockets, ...]:
    """Where the sockets of a session or an API token are, by the node's name."""
    query = """
    SELECT node_name AS node, sum(sockets)::int AS sockets FROM open_socket_now
     WHERE credential_id = %(credential_id)s GROUP BY node_id, node_name ORDER BY node_name, node_id
    """
    return tuple(NodeSockets(**row) for row in all_rows(db, query, credential_id=credential_id))


_OF_WHOM = """
(%(account_id)s::uuid IS NULL OR a.id = %(account_id)s::uuid)
AND (%(org_id)s::uuid IS NULL
     OR EXISTS (SELECT FROM role_grant r WHERE r.org_id = %(org_id)s::uuid AND r.account_id = a.id))
"""

_SESSIONS = f"""
SELECT s.id, s.account_id, a.email, s.device, s.ip_address, s.issued_at, s.last_active_at, s.expires_at,
       s.absolute_expires_at, s.grant_id, s.expires_at <= statement_timestamp() AS has_expired,
       CASE WHEN s.terminated_at IS NOT NULL THEN s.terminated_at
            WHEN s.issued_at <= a.sessions_ended_at THEN a.sessions_ended_at END AS ended_at,
       CASE WHEN s.terminated_at IS NOT NULL THEN coalesce(s.end_reason, 'session_revoked')
            WHEN s.issued_at <= a.sessions_ended_at THEN a.sessions_end_reason END AS end_reason,
       {SOCKETS_ON_SESSION} AS sockets
  FROM session s JOIN account a ON a.id = s.account_id
"""  # noqa: S608 - what is put in is a constant

_LIVE_SESSIONS = f"""
{_SESSIONS}
  LEFT JOIN support_access_grant g ON g.id = s.grant_id
 WHERE {_OF_WHOM} AND a.suspended_at IS NULL AND a.deleted_at IS NULL
   AND s.terminated_at IS NULL AND s.expires_at > statement_timestamp()
   AND s.issued_at > coalesce(a.sessions_ended_at, '-infinity')
   AND (s.grant_id IS NULL OR (g.revoked_at IS NULL AND g.expires_at > statement_timestamp()))
   AND (%(after_at)s::timestamptz IS NULL
        OR (s.issued_at, s.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
 ORDER BY s.issued_at DESC, s.id DESC
 LIMIT %(page_limit)s
"""

_TOKENS = f"""
SELECT t.id, t.account_id, a.email, t.name, t.issued_at, t.last_used_at, t.expires_at,
       coalesce(t.expires_at <= statement_timestamp(), false) AS has_expired,
       CASE WHEN t.revoked_at IS NOT NULL THEN t.revoked_at
            WHEN t.issued_at <= a.tokens_revoked_at THEN a.tokens_revoked_at END AS ended_at,
       CASE WHEN t.revoked_at IS NOT NULL THEN coalesce(t.end_reason, 'token_revoked')
            WHEN t.issued_at <= a.tokens_revoked_at THEN a.tokens_end_reason END AS end_reason,
       {SOCKETS_ON_TOKEN} AS sockets
  FROM api_token t JOIN account a ON a.id = t.account_id
"""  # noqa: S608 - what is put in is a constant

_LIVE_TOKENS = f"""
{_TOKENS}
 WHERE {_OF_WHOM} AND a.suspended_at IS NULL AND a.deleted_at IS NULL AND t.revoked_at IS NULL
   AND (t.expires_at IS NULL OR t.expires_at > statement_timestamp())
   AND t.issued_at > coalesce(a.tokens_revoked_at, '-infinity')
   AND (%(after_at)s::timestamptz IS NULL
        OR (t.issued_at, t.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
 ORDER BY t.issued_at DESC, t.id DESC
 LIMIT %(page_limit)s
"""


def _session(row: Row) -> FoundSession:
    return FoundSession(session_id=SessionId(row["id"]), **_but_id(row))


def _token(row: Row) -> FoundToken:
    return FoundToken(api_token_id=ApiTokenId(row["id"]), **_but_id(row))


def _but_id(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}
