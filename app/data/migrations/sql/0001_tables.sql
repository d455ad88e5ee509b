-- The tables. Ending is soft: a row is marked, not deleted; a hard DELETE closes sockets all the same.
-- Ids are made by the application (UUIDv7) unless a trigger opens the row. Every instant is the database's.

CREATE TABLE account (
    id                  uuid PRIMARY KEY,
    email               text NOT NULL CHECK (email = lower(email) AND email <> ''),
    display_name        text NOT NULL DEFAULT '',
    password_hash       text,
    is_global_admin     boolean NOT NULL DEFAULT false,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The latest instant given out under this row's lock: to a credential's issue, or to a stamp.
    last_instant        timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The stamps. Every read of a credential compares its issue with them; they never go back.
    sessions_ended_at   timestamptz,
    sessions_end_reason text,
    tokens_revoked_at   timestamptz,
    tokens_end_reason   text,
    -- A sign-out asks the account's other sockets to reconnect; it invalidates nothing.
    signed_out_at       timestamptz,
    suspended_at        timestamptz,
    deleted_at          timestamptz
);
CREATE UNIQUE INDEX account_by_email ON account (email) WHERE deleted_at IS NULL;

CREATE TABLE organization (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE role_grant (
    account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    org_id     uuid NOT NULL REFERENCES organization ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('member', 'admin')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, org_id)
);
CREATE INDEX role_grant_by_org ON role_grant (org_id);

-- A grant belongs to the organization: it outlives both the person who gave it and the one it names.
CREATE TABLE support_access_grant (
    id               uuid PRIMARY KEY,
    org_id           uuid NOT NULL REFERENCES organization ON DELETE CASCADE,
    granted_by       uuid NOT NULL,
    admin_account_id uuid,               -- NULL: any Global Admin
    reason           text NOT NULL,
    read_only        boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at       timestamptz NOT NULL,
    revoked_at       timestamptz,
    revoked_by       uuid,
    expired_at       timestamptz,        -- when a sweep recorded the end; access is decided by expires_at alone
    last_used_at     timestamptz,
    last_used_by     uuid,
    use_count        bigint NOT NULL DEFAULT 0
);
CREATE INDEX support_access_grant_by_org ON support_access_grant (org_id, created_at DESC);
CREATE INDEX support_access_grant_due ON support_access_grant (expires_at) WHERE revoked_at IS NULL AND expired_at IS NULL;

CREATE TABLE session (
    id                  uuid PRIMARY KEY,
    account_id          uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    grant_id            uuid REFERENCES support_access_grant ON DELETE CASCADE,   -- set: a support session
    token_hash          text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    issued_at           timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL,
    absolute_expires_at timestamptz NOT NULL,
    terminated_at       timestamptz,
    end_reason          text,
    user_agent          text NOT NULL DEFAULT '',
    device              text NOT NULL DEFAULT '',
    ip_address          text NOT NULL DEFAULT '',
    last_active_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX session_of_account ON session (account_id, issued_at DESC) WHERE terminated_at IS NULL;
CREATE INDEX session_under_grant ON session (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX session_due ON session (absolute_expires_at) WHERE terminated_at IS NULL;

CREATE TABLE refresh_token (
    id              uuid PRIMARY KEY,
    session_id      uuid NOT NULL REFERENCES session ON DELETE CASCADE,
    token_hash      text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    issued_at       timestamptz NOT NULL,
    successor_id    uuid,
    -- With the token itself this gives its successor once more, so that a lost response can be repeated.
    successor_nonce bytea,
    consumed_at     timestamptz,
    invalidated_at  timestamptz
);
CREATE INDEX refresh_token_of_session ON refresh_token (session_id) WHERE invalidated_at IS NULL;
CREATE INDEX refresh_token_by_session ON refresh_token (session_id);

CREATE TABLE api_token (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    name         text NOT NULL,
    token_hash   text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    issued_at    timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    end_reason   text,
    last_used_at timestamptz
);
CREATE INDEX api_token_of_account ON api_token (account_id, issued_at DESC) WHERE revoked_at IS NULL;
CREATE INDEX api_token_due ON api_token (expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL;

-- The durable request, and later the receipt. No foreign keys: it outlives what it ended.
CREATE TABLE revocation (
    id                 uuid PRIMARY KEY,
    kind               text NOT NULL,
    source             text NOT NULL CHECK (source IN ('request', 'direct', 'expiry')),
    reason             text NOT NULL,
    account_id         uuid,               -- whose credential it is
    org_id             uuid,
    target_id          uuid,               -- the session, API token, account or grant
    sparing_session_id uuid,
    issued_up_to       timestamptz,        -- a sweep ends what was issued up to here, never a later sign-in
    requested_by       uuid,
    requested_from     text NOT NULL DEFAULT '',
    credential_type    text,               -- what the requester came with
    requested_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    idempotency_key    text,
    request_digest     text,
    performed_at       timestamptz,
    published_at       timestamptz,        -- when Redis took it; NULL where it did not, and for what nobody publishes
    audited_at         timestamptz,        -- when nothing was left to do: with its event in the trail, if anything ended
    resumed_at         timestamptz,        -- when a sweep last sent it to the queue again
    sessions_ended     integer NOT NULL DEFAULT 0,
    tokens_ended       integer NOT NULL DEFAULT 0,
    grants_ended       integer NOT NULL DEFAULT 0,
    first_seen_at      timestamptz,        -- when a settler first saw it committed
    confirmed_at       timestamptz,
    completed_at       timestamptz,
    unconfirmed        jsonb NOT NULL DEFAULT '[]'
);
CREATE UNIQUE INDEX revocation_by_idempotency_key ON revocation (requested_by, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX revocation_unperformed ON revocation (requested_at) WHERE performed_at IS NULL;
CREATE INDEX revocation_unannounced ON revocation (requested_at) WHERE audited_at IS NULL;
CREATE INDEX revocation_unsettled ON revocation (requested_at) WHERE completed_at IS NULL;
CREATE INDEX revocation_of_account ON revocation (account_id, requested_at DESC);

-- Which transactions carried out which revocation. A performer marks its own before it ends anything
-- (account_id NULL: whatever ends in it); the triggers add one an account for what ended by SQL.
CREATE TABLE revocation_transaction (
    xact_id           xid8 NOT NULL DEFAULT pg_current_xact_id(),
    system_identifier bigint NOT NULL,
    account_id        uuid,
    revocation_id     uuid NOT NULL REFERENCES revocation ON DELETE CASCADE,
    UNIQUE (xact_id, system_identifier, account_id)
);
CREATE UNIQUE INDEX revocation_transaction_marked ON revocation_transaction (xact_id, system_identifier)
    WHERE account_id IS NULL;
CREATE INDEX revocation_transaction_of_revocation ON revocation_transaction (revocation_id);

-- The closure log. Appended to by triggers, in the transaction that ends a credential, and by nothing else.
CREATE TABLE closure (
    seq               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact_id           xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- In a restored dump, transaction ids of another cluster mean nothing.
    system_identifier bigint NOT NULL,
    action            text NOT NULL CHECK (action IN ('close', 'recheck')),
    target_kind       text NOT NULL,
    target_key        text NOT NULL CHECK (target_key <> ''),
    reason            text NOT NULL,
    invalidates       text[] NOT NULL DEFAULT '{}',
    account_id        uuid,
    revocation_id     uuid,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX closure_by_transaction ON closure (xact_id);
CREATE INDEX closure_by_revocation ON closure (revocation_id) WHERE revocation_id IS NOT NULL;
CREATE INDEX closure_by_age ON closure (created_at);

-- How far the log has been pruned: a node whose snapshot may have missed a pruned row reconciles.
CREATE TABLE closure_horizon (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    pruned_through xid8 NOT NULL DEFAULT '0'
);
INSERT INTO closure_horizon DEFAULT VALUES;

-- Ids are text and not checked: those of failures were chosen by whoever tried.
CREATE TABLE audit_event (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    occurred_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    type            text NOT NULL,
    outcome         text NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor_id        text,
    account_id      text,
    session_id      text,
    api_token_id    text,
    grant_id        text,
    org_id          text,
    revocation_id   uuid,
    credential_type text,
    reason          text,
    ip_address      text NOT NULL DEFAULT '',
    metadata        jsonb NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX audit_event_one_success ON audit_event (revocation_id)
    WHERE outcome = 'success' AND revocation_id IS NOT NULL;
CREATE INDEX audit_event_by_time ON audit_event (occurred_at DESC, id DESC);
CREATE INDEX audit_event_of_account ON audit_event (account_id, occurred_at DESC);
CREATE INDEX audit_event_of_actor ON audit_event (actor_id, occurred_at DESC);
CREATE INDEX audit_event_of_org ON audit_event (org_id, occurred_at DESC) WHERE org_id IS NOT NULL;
CREATE INDEX audit_event_sign_in_failures ON audit_event (occurred_at DESC)
    WHERE type = 'sign_in' AND outcome = 'failure';

CREATE TABLE node (
    id                uuid PRIMARY KEY,
    name              text NOT NULL,
    started_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    left_at           timestamptz,
    policy            text NOT NULL CHECK (policy IN ('hold', 'close', 'serve')),
    lease             interval NOT NULL,
    system_identifier bigint,
    timeline          bigint,
    snapshot          pg_snapshot,       -- up to which the log is applied, rechecks included; NULL: nothing admitted yet
    is_current        boolean NOT NULL DEFAULT false,
    is_subscribed     boolean NOT NULL DEFAULT false,
    tail_age          interval,
    doorbell_age      interval,
    sockets           integer NOT NULL DEFAULT 0,
    pending           integer NOT NULL DEFAULT 0,
    -- The last report whose outcomes are in the receipts: one that comes again adds nothing.
    outcomes_of       bigint NOT NULL DEFAULT 0
);

-- When a worker last took a task from the revocations' queue and committed: watched from outside.
CREATE TABLE canary (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    answered_at timestamptz
);
INSERT INTO canary DEFAULT VALUES;

-- What each node did for a receipt. Nodes add to it; a late report is welcome.
CREATE TABLE receipt_node (
    revocation_id   uuid NOT NULL,
    node_id         uuid NOT NULL,
    node_name       text NOT NULL,
    closing         integer NOT NULL DEFAULT 0,
    clean           integer NOT NULL DEFAULT 0,
    aborted         integer NOT NULL DEFAULT 0,
    already_gone    integer NOT NULL DEFAULT 0,
    first_closed_at timestamptz,
    last_closed_at  timestamptz,
    -- From the closure row to the shut gate, by the nodes' own clocks where the doorbell or tail brought it.
    slowest         interval,
    PRIMARY KEY (revocation_id, node_id)
);
