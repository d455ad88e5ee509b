"""Somebody watches their own sessions and API tokens."""

from sqlalchemy import Connection

from app.data.rows import all_rows
from app.domain.caller import Caller
from app.domain.permissions import require_own_session

__all__ = ["own_sessions_fingerprint"]


def own_sessions_fingerprint(db: Connection, *, caller: Caller, argument: str) -> str:  # noqa: ARG001 - as for every topic
    """The same text as long as the same of the caller's credentials are valid, with as many sockets.

    Activity is left out: a page that looks again is activity itself. Raises: Forbidden outside an own session.
    """
    require_own_session(caller)
    row = all_rows(
        db,
        """
        SELECT (SELECT (count(*), max(issued_at))::text FROM session
                 WHERE account_id = a.id AND terminated_at IS NULL AND expires_at > statement_timestamp()) AS sessions,
               (SELECT (count(*), max(issued_at), max(last_used_at))::text FROM api_token
                 WHERE account_id = a.id AND revoked_at IS NULL
                   AND (expires_at IS NULL OR expires_at > statement_timestamp())) AS tokens,
               (SELECT (sum(sockets), count(*))::text FROM open_socket_now WHERE account_id = a.id) AS sockets,
               (a.sessions_ended_at, a.tokens_revoked_at)::text AS stamps
          FROM account a WHERE a.id = %(account_id)s
        """,
        account_id=caller.account_id,
    )
    return repr(row)
