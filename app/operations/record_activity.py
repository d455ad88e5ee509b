"""When credentials were last used, written down now and then. It extends nothing, and nobody waits for it."""

from collections.abc import Collection

from sqlalchemy import Connection

from app.data.rows import run
from app.domain.ids import ApiTokenId, SessionId

__all__ = ["record_activity"]


def record_activity(
    db: Connection, *, session_ids: Collection[SessionId], api_token_ids: Collection[ApiTokenId]
) -> None:
    """Those sessions and API tokens were used now. A row that somebody has locked is left out this time."""
    if session_ids:
        run(db, _SESSIONS, ids=list(session_ids))
    if api_token_ids:
        run(db, _API_TOKENS, ids=list(api_token_ids))


_SESSIONS = """
UPDATE session s SET last_active_at = clock_timestamp()
  FROM (SELECT id FROM session
         WHERE id = ANY(%(ids)s::uuid[]) AND terminated_at IS NULL
         ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS used
 WHERE s.id = used.id
"""

_API_TOKENS = """
UPDATE api_token t SET last_used_at = clock_timestamp()
  FROM (SELECT id FROM api_token
         WHERE id = ANY(%(ids)s::uuid[]) AND revoked_at IS NULL
         ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS used
 WHERE t.id = used.id
"""
