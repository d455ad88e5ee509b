-- The end of one's own session or API token is asked for in one statement, and so in one round trip.
--
-- It returns the new request; nothing where there is more to look at: the target is unknown, somebody else's or over,
-- its end was asked for already, or the idempotency key came before. The caller does that in a transaction of its own,
-- under the same two locks, and in the same order. Each statement of the function sees what was committed before it, so
-- the one that inserts sees what those have done who held the locks.
--
-- plpgsql keeps plans for as long as a connection lives, here the first that it makes: planning takes longer than what is
-- planned. enable_seqscan = off: it may have been made while the tables were empty.
CREATE FUNCTION request_own_end(
    new_id uuid, its_kind text, its_reason text, owner uuid, target uuid, its_address text, its_credential text,
    its_key text, its_digest text, trace text
) RETURNS SETOF revocation LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
  SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF its_key IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('cutoff: key ' || owner || ' ' || its_key, 0));
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('cutoff: target ' || target, 0));
    RETURN QUERY
    INSERT INTO revocation (id, kind, source, reason, account_id, target_id, requested_by, requested_from,
                            credential_type, idempotency_key, request_digest, traceparent)
    SELECT new_id, its_kind, 'request', its_reason, owner, target, owner, its_address, its_credential, its_key, its_digest,
           trace
     WHERE CASE its_kind
           WHEN 'token_revoke' THEN EXISTS (
                SELECT FROM api_token t JOIN account a ON a.id = t.account_id
                 WHERE t.id = target AND t.account_id = owner AND t.revoked_at IS NULL
                   AND t.issued_at > coalesce(a.tokens_revoked_at, '-infinity'))
           ELSE EXISTS (
                SELECT FROM session s JOIN account a ON a.id = s.account_id
                 WHERE s.id = target AND s.account_id = owner AND s.terminated_at IS NULL
                   AND s.issued_at > coalesce(a.sessions_ended_at, '-infinity'))
           END
       AND NOT EXISTS (
           SELECT FROM revocation pending
            WHERE pending.account_id = owner AND pending.target_id = target AND pending.kind = its_kind
              AND pending.performed_at IS NULL)
       AND NOT EXISTS (
           SELECT FROM answered_request answered
            WHERE answered.requested_by = owner AND answered.idempotency_key = its_key)
    ON CONFLICT (requested_by, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING *;
END $$;

-- Credentials with all that decides whether they are alive, and the snapshot that the read saw: a row for each that exists,
-- and one with the snapshot alone where there is none. It is not STABLE: then its query would read by the snapshot of the
-- statement that calls it, which is older than the end of a wait for somebody who has a table locked.
CREATE FUNCTION verify_credentials(sessions text[], api_tokens text[], daemon_accounts uuid[]) RETURNS TABLE (
    snapshot text, read_at timestamptz, in_recovery boolean, credential_type text, token_hash text, account_id uuid,
    session_id uuid, api_token_id uuid, issued_at timestamptz, ends_at timestamptz, renewable_until timestamptz,
    ended_at timestamptz, end_reason text, account_stamp timestamptz, account_stamp_reason text, suspended_at timestamptz,
    deleted_at timestamptz, is_global_admin boolean, grant_id uuid, org_id uuid, read_only boolean,
    grant_expires_at timestamptz, grant_revoked_at timestamptz
) LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
  SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT pg_current_snapshot()::text, statement_timestamp(), pg_is_in_recovery(), found.*
      FROM (SELECT) AS always
      LEFT JOIN (
           SELECT 'session', s.token_hash, s.account_id, s.id, NULL::uuid,
                  s.issued_at, s.expires_at, s.absolute_expires_at, s.terminated_at, s.end_reason,
                  a.sessions_ended_at, a.sessions_end_reason, a.suspended_at, a.deleted_at, a.is_global_admin,
                  g.id, g.org_id, g.read_only, g.expires_at, g.revoked_at
             FROM session s JOIN account a ON a.id = s.account_id
             LEFT JOIN support_access_grant g ON g.id = s.grant_id
            WHERE s.token_hash = ANY(sessions) AND (s.grant_id IS NULL OR g.id IS NOT NULL)
           UNION ALL
           SELECT 'api_token', t.token_hash, t.account_id, NULL, t.id,
                  t.issued_at, t.expires_at, NULL, t.revoked_at, t.end_reason,
                  a.tokens_revoked_at, a.tokens_end_reason, a.suspended_at, a.deleted_at, a.is_global_admin,
                  NULL, NULL, NULL, NULL, NULL
             FROM api_token t JOIN account a ON a.id = t.account_id
            WHERE t.token_hash = ANY(api_tokens)
           UNION ALL
           SELECT 'daemon_token', NULL, a.id, NULL, NULL,
                  NULL, NULL, NULL, NULL, NULL,
                  NULL, NULL, a.suspended_at, a.deleted_at, a.is_global_admin,
                  NULL, NULL, NULL, NULL, NULL
             FROM account a
            WHERE a.id = ANY(daemon_accounts)
           ) AS found ON true;
END $$;
