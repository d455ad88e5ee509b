DROP FUNCTION perform_waiting(uuid, integer);
DROP FUNCTION others_wait(timestamptz);

CREATE OR REPLACE FUNCTION perform_revocation(
    asked uuid, trace text, announced_at_most integer,
    OUT stood text, OUT standing revocation, OUT this_system bigint, OUT closures json
) LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    sessions integer := 0;
    tokens integer := 0;
BEGIN
    SELECT * INTO standing FROM revocation WHERE id = asked;
    IF NOT FOUND THEN
        stood := 'unknown';
        RETURN;
    ELSIF standing.audited_at IS NOT NULL THEN
        stood := 'finished';
        RETURN;
    END IF;
    SELECT here.system_identifier INTO this_system FROM pg_control_system() AS here;
    IF standing.performed_at IS NOT NULL THEN
        stood := 'performed';
    ELSIF standing.kind NOT IN ('session_revoke', 'refresh_token_reuse', 'logout', 'token_revoke') THEN
        stood := 'waiting';
    ELSE
        SELECT * INTO standing FROM revocation WHERE id = asked AND performed_at IS NULL FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            SELECT * INTO standing FROM revocation WHERE id = asked;
            stood := 'overtaken';
            RETURN;
        END IF;
        INSERT INTO revocation_transaction (system_identifier, revocation_id) VALUES (this_system, asked);
        IF standing.kind = 'token_revoke' THEN
            UPDATE api_token SET revoked_at = clock_timestamp(), end_reason = standing.reason
             WHERE id = standing.target_id AND revoked_at IS NULL;
            GET DIAGNOSTICS tokens = ROW_COUNT;
        ELSE
            IF standing.kind = 'logout' THEN
                -- The account's lock comes first, as for everybody who takes both.
                UPDATE account SET last_instant = greatest(clock_timestamp(), last_instant + interval '1 microsecond')
                 WHERE id = standing.account_id AND deleted_at IS NULL;
            END IF;
            UPDATE session SET terminated_at = clock_timestamp(), end_reason = standing.reason
             WHERE id = standing.target_id AND terminated_at IS NULL;
            GET DIAGNOSTICS sessions = ROW_COUNT;
            UPDATE refresh_token SET invalidated_at = clock_timestamp()
             WHERE session_id = standing.target_id AND invalidated_at IS NULL;
            IF standing.kind = 'logout' AND sessions = 1 THEN
                UPDATE account SET signed_out_at = greatest(clock_timestamp(), signed_out_at + interval '1 microsecond')
                 WHERE id = standing.account_id;
            END IF;
        END IF;
        UPDATE revocation
           SET performed_at = clock_timestamp(), sessions_ended = sessions, tokens_ended = tokens,
               traceparent = coalesce(trace, traceparent)
         WHERE id = asked
        RETURNING * INTO standing;
        stood := 'ended';
    END IF;
    SELECT json_agg(said) INTO closures
      FROM (SELECT xact_id::text, action, target_kind, target_key, reason, invalidates, revocation_id, created_at
              FROM closure
             WHERE revocation_id = asked AND system_identifier = this_system
             ORDER BY target_kind <> 'account', seq
             LIMIT announced_at_most) AS said;
END $$;
