-- Revoking by the thousand, as a job: what it aims at, what was counted, how far it is, and who is at it.

CREATE TABLE mass_revocation (
    id                 uuid PRIMARY KEY,
    criteria           jsonb NOT NULL,      -- never empty: {"everyone": true} is the only way to say all
    what               text NOT NULL CHECK (what IN ('sessions', 'tokens', 'both')),
    org_id             uuid,                -- the organization that it is confined to; its admins see it
    reason             text NOT NULL,
    pace               integer NOT NULL CHECK (pace BETWEEN 1 AND 10000),   -- credentials a second at most
    requested_by       uuid,                -- NULL: an operator at the command line
    requested_from     text NOT NULL DEFAULT '',
    credential_type    text,
    sparing_session_id uuid,
    sparing_token_id   uuid,
    idempotency_key    text,
    request_digest     text,
    state              text NOT NULL DEFAULT 'planned'
                       CHECK (state IN ('planned', 'running', 'paused', 'done', 'cancelled')),
    planned_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    planned_accounts   integer NOT NULL,
    planned_sessions   integer NOT NULL,
    planned_tokens     integer NOT NULL,
    planned_sockets    integer NOT NULL,
    planned_nodes      integer NOT NULL,
    started_at         timestamptz,
    expected           integer NOT NULL DEFAULT 0,      -- how many matched at the start
    issued_up_to       timestamptz,         -- nothing that is issued later is touched
    open_below         xid8,                -- transactions below may commit something issued before the start
    revocation_id      uuid,                -- the one under which everything ends
    finished_at        timestamptz,
    sessions_ended     integer NOT NULL DEFAULT 0,
    tokens_ended       integer NOT NULL DEFAULT 0,
    stragglers_ended   integer NOT NULL DEFAULT 0,      -- of those, how many after the first pass
    left_behind        integer NOT NULL DEFAULT 0,      -- matched when the last pass was over: locked, or come late
    pass               integer NOT NULL DEFAULT 1,
    -- Where in its pass the job is: after that credential of that kind.
    walking            text NOT NULL DEFAULT 'session' CHECK (walking IN ('session', 'api_token')),
    after_account      uuid,
    after_issued_at    timestamptz,
    after_id           uuid,
    next_batch_at      timestamptz,
    -- Whoever holds the lease goes on; when it has run out, a sweep gives it to somebody else.
    lease              uuid,
    leased_until       timestamptz,
    CHECK ((state = 'planned' OR started_at IS NOT NULL OR state = 'cancelled')
           AND (started_at IS NULL OR (issued_up_to IS NOT NULL AND revocation_id IS NOT NULL)))
);
CREATE UNIQUE INDEX mass_revocation_by_idempotency_key ON mass_revocation (requested_by, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX mass_revocation_by_time ON mass_revocation (planned_at DESC, id DESC);
CREATE INDEX mass_revocation_running ON mass_revocation (leased_until) WHERE state = 'running';

-- Addresses are text, written by whoever was in front of us: what is none, is in no network.
CREATE FUNCTION address_or_null(written text) RETURNS inet
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF written !~ '^[0-9a-fA-F:.]{2,45}$' THEN
        RETURN NULL;
    END IF;
    RETURN written::inet;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END $$;
