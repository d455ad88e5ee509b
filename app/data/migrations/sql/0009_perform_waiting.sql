-- What waits in a crowd is performed together: as many revocations as are found waiting, each of one session or token, in
-- one transaction. Each has its own row, instant, closures and marked transaction: marked by account, as what ends by the
-- clock is, so of one account only one goes along. Whatever somebody holds is left out: nothing here waits for a lock.

-- Whether others wait that were asked for at about the same time, for longer than a task takes to come. Bounded on both
-- sides: behind a long transaction elsewhere the index keeps what was performed, and must not be walked through.
CREATE FUNCTION others_wait(beside timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM revocation
         WHERE performed_at IS NULL AND source = 'request'
           AND kind IN ('session_revoke', 'refresh_token_reuse', 'token_revoke')
           AND requested_at >= beside - interval '1 second'
           AND requested_at <= least(beside + interval '1 second', clock_timestamp() - interval '20 milliseconds')
    );
END $$;

CREATE FUNCTION perform_waiting(beside uuid, at_most integer)
RETURNS TABLE (standing revocation, this_system bigint, closures json)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
SET lock_timeout = '100ms' AS $$
DECLARE
    here bigint;
    near timestamptz;
    waiting uuid[];
    free uuid[];
    mine uuid[];
BEGIN
    SELECT requested_at INTO near FROM revocation WHERE id = beside;
    waiting := ARRAY(
        SELECT id FROM revocation
         WHERE performed_at IS NULL AND source = 'request'
           AND kind IN ('session_revoke', 'refresh_token_reuse', 'token_revoke')
           AND requested_at >= near - interval '1 second'
           AND requested_at <= least(near + interval '1 second', clock_timestamp() - interval '20 milliseconds')
         ORDER BY requested_at LIMIT at_most FOR NO KEY UPDATE SKIP LOCKED);
    free := ARRAY(
        SELECT s.id FROM session s JOIN revocation r ON r.target_id = s.id AND r.account_id = s.account_id
         WHERE r.id = ANY(waiting) AND r.kind <> 'token_revoke' AND s.terminated_at IS NULL
           FOR NO KEY UPDATE OF s SKIP LOCKED
    ) || ARRAY(
        SELECT t.id FROM api_token t JOIN revocation r ON r.target_id = t.id AND r.account_id = t.account_id
         WHERE r.id = ANY(waiting) AND r.kind = 'token_revoke' AND t.revoked_at IS NULL
           FOR NO KEY UPDATE OF t SKIP LOCKED
    );
    -- A session of which somebody holds a refresh token is not free either.
    WITH held AS (
        SELECT id FROM refresh_token WHERE session_id = ANY(free) AND invalidated_at IS NULL FOR NO KEY UPDATE SKIP LOCKED
    ), busy AS (
        SELECT t.session_id FROM refresh_token t LEFT JOIN held USING (id)
         WHERE t.session_id = ANY(free) AND t.invalidated_at IS NULL AND held.id IS NULL
    )
    SELECT array_agg(chosen.id) INTO mine
      FROM (SELECT DISTINCT ON (r.account_id) r.id FROM revocation r
             WHERE r.id = ANY(waiting) AND r.target_id = ANY(free) AND r.target_id NOT IN (SELECT session_id FROM busy)
             ORDER BY r.account_id, r.requested_at) AS chosen;
    IF mine IS NULL THEN
        RETURN;
    END IF;
    SELECT control.system_identifier INTO here FROM pg_control_system() AS control;
    INSERT INTO revocation_transaction (system_identifier, account_id, revocation_id)
    SELECT here, r.account_id, r.id FROM revocation r WHERE r.id = ANY(mine);
    UPDATE session s SET terminated_at = clock_timestamp(), end_reason = r.reason
      FROM revocation r WHERE r.id = ANY(mine) AND r.kind <> 'token_revoke' AND s.id = r.target_id;
    UPDATE refresh_token t SET invalidated_at = clock_timestamp()
      FROM revocation r WHERE r.id = ANY(mine) AND t.session_id = r.target_id AND t.invalidated_at IS NULL;
    UPDATE api_token t SET revoked_at = clock_timestamp(), end_reason = r.reason
      FROM revocation r WHERE r.id = ANY(mine) AND r.kind = 'token_revoke' AND t.id = r.target_id;
    UPDATE revocation r
       SET performed_at = clock_timestamp(), sessions_ended = (r.kind <> 'token_revoke')::integer,
           tokens_ended = (r.kind = 'token_revoke')::integer
     WHERE r.id = ANY(mine);
    RETURN QUERY
    SELECT r, here,
           (SELECT json_agg(said)
              FROM (SELECT c.xact_id::text, c.action, c.target_kind, c.target_key, c.reason, c.invalidates,
                           c.revocation_id, c.created_at
                      FROM closure c WHERE c.revocation_id = r.id AND c.system_identifier = here
                     ORDER BY c.seq) AS said)
      FROM revocation r WHERE r.id = ANY(mine) ORDER BY r.requested_at;
END $$;

-- A task that comes to a revocation which was performed in a crowd a moment ago leaves the rest to who did that.
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
    IF standing.performed_at > clock_timestamp() - interval '1 second'
       AND EXISTS (SELECT FROM revocation_transaction WHERE revocation_id = asked AND account_id IS NOT NULL) THEN
        stood := 'overtaken';
        RETURN;
    ELSIF standing.performed_at IS NOT NULL THEN
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
