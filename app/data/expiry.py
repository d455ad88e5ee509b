"""Recording what the clock has ended: one statement a batch, each row once however many sweeps run."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.data.rows import one_row

__all__ = ["expire_api_tokens", "expire_next_grant", "expire_sessions"]


def expire_sessions(db: Session, *, overdue_by: timedelta, limit: int) -> int:
    """Up to `limit` sessions past their absolute end are terminated, with chains, receipts and events; how many.

    Those under a grant that ends no later are left to the grant's end, whose reason is told.
    """
    return _ended(db, _SESSIONS, overdue_by, limit)


def expire_api_tokens(db: Session, *, overdue_by: timedelta, limit: int) -> int:
    """Up to `limit` API tokens past their end are marked as ended, with receipts and events; how many."""
    return _ended(db, _API_TOKENS, overdue_by, limit)


def expire_next_grant(db: Session, *, overdue_by: timedelta) -> bool:
    """The next due grant's end is recorded and its support sessions are terminated; False if none is left."""
    return _ended(db, _GRANT, overdue_by, 1) == 1


def _ended(db: Session, sql: str, overdue_by: timedelta, limit: int) -> int:
    row = one_row(db, sql, overdue_by=overdue_by, limit=limit)
    return 0 if row is None else int(row["ended"])


# A revocation an account and batch, as for what ends by SQL, since the closures of one transaction and account belong to
# one; nearly always that is one credential. Each credential has its event, the first of them under the revocation.
_RECORDED = """
, opened AS (
    INSERT INTO revocation (id, kind, source, reason, account_id, target_id, performed_at, audited_at,
                            sessions_ended, tokens_ended)
    SELECT gen_random_uuid(), '{kind}', 'expiry', '{reason}', account_id,
           CASE count(*) WHEN 1 THEN min(id::text)::uuid ELSE account_id END, clock_timestamp(), clock_timestamp(),
           {counts}
      FROM due GROUP BY account_id
    RETURNING id, account_id
), marked AS (
    INSERT INTO revocation_transaction (system_identifier, account_id, revocation_id)
    SELECT here.system_identifier, opened.account_id, opened.id FROM opened, pg_control_system() AS here
), audited AS (
    INSERT INTO audit_event (type, outcome, account_id, {column}, revocation_id, reason, metadata)
    SELECT '{kind}', 'success', due.account_id::text, due.id::text,
           CASE row_number() OVER (PARTITION BY due.account_id ORDER BY due.id) WHEN 1 THEN opened.id END, '{reason}',
           jsonb_build_object('source', 'expiry', 'revocation_id', opened.id, 'due_at', due.due_at)
      FROM due JOIN opened USING (account_id)
)
SELECT count(*) AS ended FROM ended
"""

_DUE_SESSIONS = """
WITH due AS MATERIALIZED (
    SELECT s.id, s.account_id, s.absolute_expires_at AS due_at
      FROM session s
     WHERE s.terminated_at IS NULL AND s.absolute_expires_at <= statement_timestamp() - %(overdue_by)s::interval
       AND NOT EXISTS (SELECT FROM support_access_grant g
                        WHERE g.id = s.grant_id AND g.expires_at <= s.absolute_expires_at
                          AND g.revoked_at IS NULL AND g.expired_at IS NULL)
     ORDER BY s.absolute_expires_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), ended AS (
    UPDATE session s SET terminated_at = clock_timestamp(), end_reason = 'session_expired'
      FROM due WHERE s.id = due.id
    RETURNING s.id
), invalidated AS (
    UPDATE refresh_token t SET invalidated_at = clock_timestamp()
      FROM due WHERE t.session_id = due.id AND t.invalidated_at IS NULL
)
"""

_DUE_API_TOKENS = """
WITH due AS MATERIALIZED (
    SELECT id, account_id, expires_at AS due_at
      FROM api_token
     WHERE revoked_at IS NULL AND expires_at <= statement_timestamp() - %(overdue_by)s::interval
     ORDER BY expires_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), ended AS (
    UPDATE api_token t SET revoked_at = clock_timestamp(), end_reason = 'token_expired'
      FROM due WHERE t.id = due.id
    RETURNING t.id
)
"""

# The sessions under a grant may be of several accounts: the whole transaction is marked as this grant's revocation.
_GRANT = """
WITH due AS MATERIALIZED (
    SELECT id, org_id, expires_at
      FROM support_access_grant
     WHERE revoked_at IS NULL AND expired_at IS NULL AND expires_at <= statement_timestamp() - %(overdue_by)s::interval
     ORDER BY expires_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), recorded AS (
    UPDATE support_access_grant g SET expired_at = clock_timestamp() FROM due WHERE g.id = due.id
), ended AS (
    UPDATE session s SET terminated_at = clock_timestamp(), end_reason = 'support_access_ended'
      FROM due WHERE s.grant_id = due.id AND s.terminated_at IS NULL
    RETURNING s.id
), invalidated AS (
    UPDATE refresh_token t SET invalidated_at = clock_timestamp()
      FROM ended WHERE t.session_id = ended.id AND t.invalidated_at IS NULL
), opened AS (
    INSERT INTO revocation (id, kind, source, reason, org_id, target_id, performed_at, audited_at, grants_ended, sessions_ended)
    SELECT gen_random_uuid(), 'support_grant_end', 'expiry', 'support_access_ended', org_id, id, clock_timestamp(),
           clock_timestamp(), 1, (SELECT count(*) FROM ended)
      FROM due
    RETURNING id
), marked AS (
    INSERT INTO revocation_transaction (system_identifier, revocation_id)
    SELECT here.system_identifier, opened.id FROM opened, pg_control_system() AS here
), audited AS (
    INSERT INTO audit_event (type, outcome, org_id, grant_id, revocation_id, reason, metadata)
    SELECT 'support_grant_end', 'success', due.org_id::text, due.id::text, opened.id, 'support_access_ended',
           jsonb_build_object('source', 'expiry', 'due_at', due.expires_at, 'sessions_ended', (SELECT count(*) FROM ended))
      FROM due, opened
)
SELECT count(*) AS ended FROM due
"""

_SESSIONS = _DUE_SESSIONS + _RECORDED.format(
    kind="session_expire", reason="session_expired", column="session_id", counts="count(*), 0"
)
_API_TOKENS = _DUE_API_TOKENS + _RECORDED.format(
    kind="token_expire", reason="token_expired", column="api_token_id", counts="0, count(*)"
)
