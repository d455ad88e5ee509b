"""Recording what the clock has ended: one statement a batch, each row once however many sweeps run."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.rows import one_row

__all__ = ["expire_api_tokens", "expire_grants", "expire_sessions"]


def expire_sessions(db: Connection, *, overdue_by: timedelta, limit: int) -> int:
    """Up to `limit` sessions past their absolute end are terminated, with chains, receipts and events; how many.

    Those under a grant that ends no later are left to the grant's end, whose reason is told.
    """
    return _ended(db, _SESSIONS, overdue_by, limit)


def expire_api_tokens(db: Connection, *, overdue_by: timedelta, limit: int) -> int:
    """Up to `limit` API tokens past their end are marked as ended, with receipts and events; how many."""
    return _ended(db, _API_TOKENS, overdue_by, limit)


def expire_grants(db: Connection, *, overdue_by: timedelta, limit: int) -> int:
    """Up to `limit` due grants' ends are recorded, each a revocation of its own, and their support sessions terminated; how many.

    A grant whose sessions somebody else has locked is left to the next time, and so is a further one that the same
    account has a session under.
    """
    return _ended(db, _GRANTS, overdue_by, limit)


def _ended(db: Connection, sql: str, overdue_by: timedelta, limit: int) -> int:
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

# Of one transaction, an account's closures belong to one revocation. So of the grants that the sessions of one account are
# under, a batch ends the first; and none whose sessions somebody else has locked. What is left is the next batch's.
_GRANTS = """
WITH picked AS MATERIALIZED (
    SELECT id, org_id, expires_at
      FROM support_access_grant
     WHERE revoked_at IS NULL AND expired_at IS NULL AND expires_at <= statement_timestamp() - %(overdue_by)s::interval
     ORDER BY expires_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), live AS MATERIALIZED (
    SELECT s.id, s.account_id, s.grant_id, first_value(s.grant_id) OVER first_of_account <> s.grant_id AS is_later
      FROM picked JOIN session s ON s.grant_id = picked.id AND s.terminated_at IS NULL
    WINDOW first_of_account AS (PARTITION BY s.account_id ORDER BY picked.expires_at, picked.id)
), held AS MATERIALIZED (
    SELECT s.id FROM session s WHERE s.id IN (SELECT id FROM live) FOR NO KEY UPDATE SKIP LOCKED
), due AS MATERIALIZED (
    SELECT * FROM picked
     WHERE id NOT IN (SELECT grant_id FROM live WHERE is_later OR id NOT IN (SELECT id FROM held))
), recorded AS (
    UPDATE support_access_grant g SET expired_at = clock_timestamp() FROM due WHERE g.id = due.id
), ended AS (
    UPDATE session s SET terminated_at = clock_timestamp(), end_reason = 'support_access_ended'
      FROM live JOIN due ON due.id = live.grant_id
     WHERE s.id = live.id AND s.terminated_at IS NULL
    RETURNING s.id, s.account_id, s.grant_id
), invalidated AS (
    UPDATE refresh_token t SET invalidated_at = clock_timestamp()
      FROM ended WHERE t.session_id = ended.id AND t.invalidated_at IS NULL
), counted AS (
    SELECT due.id, due.org_id, count(ended.id) AS sessions
      FROM due LEFT JOIN ended ON ended.grant_id = due.id
     GROUP BY due.id, due.org_id
), opened AS (
    INSERT INTO revocation (id, kind, source, reason, org_id, target_id, performed_at, audited_at, grants_ended, sessions_ended)
    SELECT gen_random_uuid(), 'support_grant_end', 'expiry', 'support_access_ended', org_id, id, clock_timestamp(),
           clock_timestamp(), 1, sessions
      FROM counted
    RETURNING id, target_id, sessions_ended
), marked AS (
    INSERT INTO revocation_transaction (system_identifier, account_id, revocation_id)
    SELECT DISTINCT here.system_identifier, ended.account_id, opened.id
      FROM ended JOIN opened ON opened.target_id = ended.grant_id, pg_control_system() AS here
), audited AS (
    INSERT INTO audit_event (type, outcome, org_id, grant_id, revocation_id, reason, metadata)
    SELECT 'support_grant_end', 'success', due.org_id::text, due.id::text, opened.id, 'support_access_ended',
           jsonb_build_object('source', 'expiry', 'due_at', due.expires_at, 'sessions_ended', opened.sessions_ended)
      FROM due JOIN opened ON opened.target_id = due.id
)
SELECT count(*) AS ended FROM due
"""

_SESSIONS = _DUE_SESSIONS + _RECORDED.format(
    kind="session_expire", reason="session_expired", column="session_id", counts="count(*), 0"
)
_API_TOKENS = _DUE_API_TOKENS + _RECORDED.format(
    kind="token_expire", reason="token_expired", column="api_token_id", counts="0, count(*)"
)
