-- The end of one's own session or API token is asked for in one statement, and so in one round trip.
--
-- It returns the new request; nothing where there is more to look at: the target is unknown, somebody else's or over,
-- its end was asked for already, or the idempotency key came before. The caller does that in a transaction of its own,
-- under the same two locks, and in the same order. Each statement of the function sees what was committed before it, so
-- the one that inserts sees what those have done who held the locks.
--
-- enable_seqscan = off: plpgsql keeps the plans that were made while these tables were empty.
CREATE FUNCTION request_own_end(
    new_id uuid, its_kind text, its_reason text, owner uuid, target uuid, its_address text, its_credential text,
    its_key text, its_digest text, trace text
) RETURNS SETOF revocation LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
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
