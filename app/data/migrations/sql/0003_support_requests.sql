-- Asking for support access, and telling the organization: its notices and webhooks.

-- A Global Admin asks, an organization's admin decides. `lapsed` is written when somebody comes by; until then
-- `lapses_at` alone decides, as `expires_at` does for grants.
CREATE TABLE support_request (
    id           uuid PRIMARY KEY,
    org_id       uuid NOT NULL REFERENCES organization ON DELETE CASCADE,
    requested_by uuid NOT NULL,
    reason       text NOT NULL,
    read_only    boolean NOT NULL DEFAULT false,
    wanted_until timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    lapses_at    timestamptz NOT NULL,
    decision     text CHECK (decision IN ('approved', 'declined', 'withdrawn', 'lapsed')),
    decided_at   timestamptz,
    decided_by   uuid,
    grant_id     uuid,
    CHECK ((decision IS NULL) = (decided_at IS NULL))
);
CREATE UNIQUE INDEX support_request_open ON support_request (org_id, requested_by) WHERE decision IS NULL;
CREATE INDEX support_request_by_org ON support_request (org_id, created_at DESC);
CREATE INDEX support_request_by_requester ON support_request (requested_by, created_at DESC);

-- One row a support session: who works under which grant, what for, how often, when last. It outlives the session.
CREATE TABLE support_use (
    session_id   uuid PRIMARY KEY,
    grant_id     uuid NOT NULL,
    org_id       uuid NOT NULL,
    account_id   uuid NOT NULL,
    purpose      text NOT NULL,
    opened_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_used_at timestamptz,
    use_count    bigint NOT NULL DEFAULT 0
);
CREATE INDEX support_use_of_org ON support_use (org_id, opened_at DESC);

-- What an organization is told. No foreign key: an end must not fail, or wait, for an organization that goes.
CREATE TABLE notice (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id     uuid NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    type       text NOT NULL,
    grant_id   uuid,
    request_id uuid,
    facts      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX notice_of_org ON notice (org_id, noticed_at DESC, id DESC);
CREATE UNIQUE INDEX notice_once ON notice (grant_id, type)
    WHERE type IN ('support_access.given', 'support_access.first_used', 'support_access.ended');

-- Where an organization's notices are delivered. What signs them has to be read again, so it is stored as it is.
CREATE TABLE webhook (
    org_id                uuid PRIMARY KEY REFERENCES organization ON DELETE CASCADE,
    url                   text NOT NULL,
    secret                text NOT NULL,
    previous_secret       text,
    previous_secret_until timestamptz,
    created_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at            timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The outbox: written with the notice, emptied by the sweep.
CREATE TABLE webhook_delivery (
    notice_id       uuid PRIMARY KEY REFERENCES notice ON DELETE CASCADE,
    org_id          uuid NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts        integer NOT NULL DEFAULT 0,
    delivered_at    timestamptz,
    given_up_at     timestamptz,
    last_problem    text
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX webhook_delivery_of_org ON webhook_delivery (org_id, created_at DESC);

-- The organization has been told, once where once is enough, and its webhook has something to deliver.
CREATE FUNCTION append_notice(org uuid, what text, of_grant uuid, of_request uuid, known jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH told AS (
        INSERT INTO notice (org_id, type, grant_id, request_id, facts)
        SELECT id, what, of_grant, of_request, known FROM organization WHERE id = org
        ON CONFLICT (grant_id, type)
           WHERE type IN ('support_access.given', 'support_access.first_used', 'support_access.ended') DO NOTHING
        RETURNING id, org_id
    )
    INSERT INTO webhook_delivery (notice_id, org_id) SELECT told.id, told.org_id FROM told JOIN webhook USING (org_id);
$$;
-- Nobody but the triggers below tells an organization anything.
REVOKE EXECUTE ON FUNCTION append_notice(uuid, text, uuid, uuid, jsonb) FROM PUBLIC;

CREATE FUNCTION support_access_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM append_notice(NEW.org_id, 'support_access.given', NEW.id, NULL, jsonb_build_object(
            'until', NEW.expires_at, 'reason', NEW.reason, 'read_only', NEW.read_only,
            'admin_account_id', NEW.admin_account_id, 'given_by', NEW.granted_by));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM append_notice(OLD.org_id, 'support_access.ended', OLD.id, NULL, jsonb_build_object(
            'how', 'deleted', 'ended_at', least(clock_timestamp(), OLD.expires_at), 'ended_by', NULL));
    ELSIF OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL THEN
        PERFORM append_notice(NEW.org_id, 'support_access.ended', NEW.id, NULL, jsonb_build_object(
            'how', 'revoked', 'ended_at', NEW.revoked_at, 'ended_by', NEW.revoked_by));
    ELSIF OLD.expired_at IS NULL AND NEW.expired_at IS NOT NULL THEN
        PERFORM append_notice(NEW.org_id, 'support_access.ended', NEW.id, NULL, jsonb_build_object(
            'how', 'expired', 'ended_at', NEW.expires_at, 'ended_by', NULL));
    ELSIF NEW.expires_at <> OLD.expires_at AND NEW.revoked_at IS NULL AND NEW.expired_at IS NULL THEN
        PERFORM append_notice(NEW.org_id,
            CASE WHEN NEW.expires_at > OLD.expires_at THEN 'support_access.extended' ELSE 'support_access.shortened' END,
            NEW.id, NULL, jsonb_build_object('until', NEW.expires_at, 'until_before', OLD.expires_at));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER support_access_told AFTER INSERT OR UPDATE OR DELETE ON support_access_grant
    FOR EACH ROW EXECUTE FUNCTION support_access_told();

-- TRUNCATE fires no row trigger, and afterwards nobody knows which grants there were.
CREATE FUNCTION support_access_truncation_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM append_notice(org_id, 'support_access.ended', id, NULL, jsonb_build_object(
            'how', 'deleted', 'ended_at', least(clock_timestamp(), expires_at), 'ended_by', NULL))
       FROM support_access_grant WHERE revoked_at IS NULL AND expired_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER support_access_truncation_told BEFORE TRUNCATE ON support_access_grant
    FOR EACH STATEMENT EXECUTE FUNCTION support_access_truncation_told();

CREATE FUNCTION support_use_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM append_notice(NEW.org_id, 'support_access.first_used', NEW.grant_id, NULL, jsonb_build_object(
        'used_by', NEW.account_id, 'purpose', NEW.purpose, 'used_at', NEW.opened_at));
    RETURN NULL;
END $$;
CREATE TRIGGER support_use_told AFTER INSERT ON support_use FOR EACH ROW EXECUTE FUNCTION support_use_told();

CREATE FUNCTION support_request_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM append_notice(NEW.org_id, 'support_access.requested', NULL, NEW.id, jsonb_build_object(
        'requested_by', NEW.requested_by, 'reason', NEW.reason, 'read_only', NEW.read_only,
        'until', NEW.wanted_until, 'lapses_at', NEW.lapses_at));
    RETURN NULL;
END $$;
CREATE TRIGGER support_request_told AFTER INSERT ON support_request
    FOR EACH ROW EXECUTE FUNCTION support_request_told();

ALTER TABLE support_access_grant ENABLE ALWAYS TRIGGER support_access_told;
ALTER TABLE support_access_grant ENABLE ALWAYS TRIGGER support_access_truncation_told;
ALTER TABLE support_use ENABLE ALWAYS TRIGGER support_use_told;
ALTER TABLE support_request ENABLE ALWAYS TRIGGER support_request_told;
