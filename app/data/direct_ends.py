"""What ended by SQL, past every handler: its receipt gets its numbers, and the trail its event."""

from sqlalchemy import Connection

from app.data.rows import one_row

__all__ = ["record_direct_ends"]


def record_direct_ends(db: Connection, *, limit: int) -> int:
    """Up to `limit` revocations that triggers opened have their counts and their one success event; how many.

    Nobody is named as actor: the database does not know who it was. Those that another sweep has are left to it.
    """
    row = one_row(db, _RECORD, limit=limit)
    return 0 if row is None else int(row["recorded"])


# The audit guard appends nothing for them, since their closures are in the log.
_RECORD = """
WITH picked AS MATERIALIZED (
    SELECT id, kind, reason, account_id FROM revocation
     WHERE source = 'direct' AND audited_at IS NULL
     ORDER BY requested_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), counted AS MATERIALIZED (
    SELECT p.*, ended.sessions, ended.tokens
      FROM picked p
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE target_kind = 'session') AS sessions,
                  count(*) FILTER (WHERE target_kind = 'token') AS tokens
             FROM closure c WHERE c.revocation_id = p.id AND c.action = 'close') AS ended
), recorded AS (
    UPDATE revocation r SET audited_at = clock_timestamp(), sessions_ended = c.sessions, tokens_ended = c.tokens
      FROM counted c WHERE c.id = r.id
    RETURNING r.id
), audited AS (
    INSERT INTO audit_event (type, outcome, account_id, revocation_id, reason, metadata)
    SELECT kind, 'success', account_id::text, id, reason,
           jsonb_build_object('source', 'direct', 'sessions_ended', sessions, 'tokens_ended', tokens)
      FROM counted
    ON CONFLICT (revocation_id) WHERE outcome = 'success' AND revocation_id IS NOT NULL DO NOTHING
)
SELECT count(*) AS recorded FROM recorded
"""
