"""Counting what an act would end, by the rules by which it ends it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.data.rows import one_row
from app.domain.credentials import CredentialType
from app.domain.previews import AccountEnding, Ending, GrantEnding, Preview, SessionEnding, TokenEnding

__all__ = ["count_ending"]


def count_ending(db: Connection, ending: Ending) -> Preview:
    """How much would end if it were asked for now; all zero for what has ended already, or never was."""
    which = _which(ending)
    row = one_row(
        db,
        f"""
        WITH ending AS MATERIALIZED (
            SELECT s.expires_at <= statement_timestamp() AS is_dormant, s.grant_id IS NOT NULL AS is_support
              FROM session s JOIN account a ON a.id = s.account_id
              LEFT JOIN support_access_grant g ON g.id = s.grant_id
             WHERE ({which.sessions}) AND s.terminated_at IS NULL AND s.absolute_expires_at > statement_timestamp()
               AND s.issued_at > coalesce(a.sessions_ended_at, '-infinity')
               AND (s.grant_id IS NULL OR (g.revoked_at IS NULL AND g.expires_at > statement_timestamp()))
        ), touched AS MATERIALIZED (
            SELECT o.node_id, o.sockets, ({which.closes}) AS closes
              FROM open_socket_now o WHERE ({which.closes}) OR ({which.reconnects})
        )
        SELECT (SELECT count(*) FROM ending) AS sessions,
               (SELECT count(*) FROM ending WHERE is_support) AS support_sessions,
               (SELECT count(*) FROM ending WHERE is_dormant) AS dormant_sessions,
               (SELECT count(*) FROM api_token t JOIN account a ON a.id = t.account_id
                 WHERE ({which.tokens}) AND t.revoked_at IS NULL
                   AND t.issued_at > coalesce(a.tokens_revoked_at, '-infinity')
                   AND coalesce(t.expires_at, 'infinity') > statement_timestamp()) AS api_tokens,
               (SELECT count(*) FROM support_access_grant g
                 WHERE ({which.grants}) AND g.revoked_at IS NULL AND g.expires_at > statement_timestamp()) AS grants,
               (SELECT coalesce(sum(sockets), 0)::int FROM touched WHERE closes) AS closes,
               (SELECT coalesce(sum(sockets), 0)::int FROM touched WHERE NOT closes) AS reconnects,
               (SELECT count(DISTINCT node_id) FROM touched) AS nodes,
               (SELECT count(*) FROM node n
                 WHERE n.left_at IS NULL AND n.seen_at <= statement_timestamp() - n.lease) AS silent_nodes
        """,  # noqa: S608 - the clauses below
        **which.parameters,
    )
    assert row is not None
    return Preview(**row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Which:
    """WHERE clauses on `session s`, `api_token t`, `support_access_grant g`, and twice on `open_socket_now o`."""

    parameters: dict[str, Any]
    sessions: str = "false"
    tokens: str = "false"
    grants: str = "false"
    closes: str = "false"
    reconnects: str = "false"


def _which(ending: Ending) -> _Which:
    match ending:
        case SessionEnding(session_id=session_id):
            return _Which(
                parameters={"session_id": session_id},
                sessions="s.id = %(session_id)s",
                closes="o.credential_type = 'session' AND o.credential_id = %(session_id)s",
            )
        case TokenEnding(api_token_id=api_token_id):
            return _Which(
                parameters={"api_token_id": api_token_id},
                tokens="t.id = %(api_token_id)s",
                closes="o.credential_type = 'api_token' AND o.credential_id = %(api_token_id)s",
            )
        case GrantEnding(grant_id=grant_id):
            return _Which(
                parameters={"grant_id": grant_id},
                sessions="s.grant_id = %(grant_id)s",
                grants="g.id = %(grant_id)s",
                closes="o.credential_type = 'session' "
                "AND o.credential_id IN (SELECT u.id FROM session u WHERE u.grant_id = %(grant_id)s)",
            )
        case AccountEnding():
            return _of_account(ending)


def _of_account(ending: AccountEnding) -> _Which:
    parameters = {
        "account_id": ending.account_id,
        "types": list(ending.invalidates),
        "sparing": ending.sparing,
    }
    spares = " AND {0} IS DISTINCT FROM %(sparing)s::uuid"
    is_session, is_token = (
        kind in ending.invalidates for kind in (CredentialType.SESSION, CredentialType.API_TOKEN)
    )
    return _Which(
        parameters=parameters,
        sessions="s.account_id = %(account_id)s" + spares.format("s.id") if is_session else "false",
        tokens="t.account_id = %(account_id)s" if is_token else "false",
        closes="o.account_id = %(account_id)s AND o.credential_type = ANY(%(types)s)"
        + spares.format("o.credential_id"),
        reconnects="o.account_id = %(account_id)s" if ending.sparing is None else "false",
    )
