-- The closure log's triggers. Statement triggers over transition tables: they see every path that ends a
-- credential (the repository, a task, psql, a cascade), and one guard query keeps an ordinary touch cheap.
--
-- SECURITY DEFINER: a role that may update `session` needs no right on `closure`. enable_nestloop = off: plpgsql
-- keeps the plan of a join of transition tables that was made for one row, and with it 10,000 rows take seconds.

CREATE TYPE closure_draft AS (
    action      text,
    target_kind text,
    target_key  text,
    reason      text,
    invalidates text[],
    account_id  uuid
);

-- The drafts are in the log, under the revocation that this transaction is marked as; where it is marked as
-- none, one revocation an account is opened (source `direct`). A recheck opens none.
CREATE FUNCTION append_closures(drafts closure_draft[], opened_kind text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
DECLARE
    this_system bigint;
    marked uuid;
BEGIN
    IF cardinality(drafts) = 0 THEN
        RETURN;
    END IF;
    SELECT system_identifier INTO this_system FROM pg_control_system();
    SELECT t.revocation_id INTO marked FROM revocation_transaction t
     WHERE t.xact_id = pg_current_xact_id() AND t.system_identifier = this_system AND t.account_id IS NULL;
    IF marked IS NULL THEN
        WITH opened AS (
            INSERT INTO revocation (id, kind, source, reason, account_id, target_id, performed_at)
            SELECT gen_random_uuid(), opened_kind, 'direct', min(d.reason), d.account_id, d.account_id, clock_timestamp()
              FROM unnest(drafts) d
             WHERE d.action = 'close' AND d.account_id IS NOT NULL
               AND NOT EXISTS (SELECT FROM revocation_transaction t
                                WHERE t.xact_id = pg_current_xact_id() AND t.system_identifier = this_system
                                  AND t.account_id = d.account_id)
             GROUP BY d.account_id
            RETURNING id, account_id
        )
        INSERT INTO revocation_transaction (system_identifier, account_id, revocation_id)
        SELECT this_system, account_id, id FROM opened;
    END IF;
    INSERT INTO closure (system_identifier, action, target_kind, target_key, reason, invalidates, account_id, revocation_id)
    SELECT this_system, d.action, d.target_kind, d.target_key, d.reason, coalesce(d.invalidates, '{}'), d.account_id,
           CASE WHEN d.action = 'close' THEN coalesce(marked, t.revocation_id) END
      FROM unnest(drafts) WITH ORDINALITY AS d
      LEFT JOIN revocation_transaction t
        ON t.xact_id = pg_current_xact_id() AND t.system_identifier = this_system AND t.account_id = d.account_id
     ORDER BY d.ordinality;
END $$;

-- Sessions -----------------------------------------------------------------------------------------------

CREATE FUNCTION session_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM old_rows o LEFT JOIN new_rows n USING (id)
         WHERE o.terminated_at IS NULL
           AND (n.id IS NULL OR n.terminated_at IS NOT NULL
                OR (o.token_hash, o.account_id, o.issued_at, o.expires_at, o.absolute_expires_at)
                   IS DISTINCT FROM (n.token_hash, n.account_id, n.issued_at, n.expires_at, n.absolute_expires_at)
                OR o.grant_id IS DISTINCT FROM n.grant_id)
    ) THEN
        RETURN NULL;
    END IF;
    PERFORM append_closures(ARRAY(
        SELECT (CASE WHEN ends THEN 'close' ELSE 'recheck' END, 'session', token_hash,
                coalesce(end_reason, 'session_revoked'), '{}', account_id)::closure_draft
          FROM (SELECT o.token_hash, o.account_id, n.end_reason,
                       n.id IS NULL OR n.terminated_at IS NOT NULL OR n.token_hash <> o.token_hash AS ends
                  FROM old_rows o LEFT JOIN new_rows n USING (id)
                 WHERE o.terminated_at IS NULL
                   AND (n.id IS NULL OR n.terminated_at IS NOT NULL
                        OR (o.token_hash, o.account_id, o.issued_at, o.expires_at, o.absolute_expires_at)
                           IS DISTINCT FROM (n.token_hash, n.account_id, n.issued_at, n.expires_at, n.absolute_expires_at)
                        OR o.grant_id IS DISTINCT FROM n.grant_id)
               ) AS changed
    ), 'session_revoke');
    RETURN NULL;
END $$;
CREATE TRIGGER session_updated AFTER UPDATE ON session
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION session_updated();

CREATE FUNCTION session_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM append_closures(ARRAY(
        SELECT ('close', 'session', token_hash,
                CASE WHEN expires_at <= clock_timestamp() THEN 'session_expired' ELSE 'session_revoked' END,
                '{}', account_id)::closure_draft
          FROM old_rows WHERE terminated_at IS NULL
    ), 'session_revoke');
    RETURN NULL;
END $$;
CREATE TRIGGER session_deleted AFTER DELETE ON session
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION session_deleted();

-- API tokens ---------------------------------------------------------------------------------------------

CREATE FUNCTION api_token_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM old_rows o LEFT JOIN new_rows n USING (id)
         WHERE o.revoked_at IS NULL
           AND (n.id IS NULL OR n.revoked_at IS NOT NULL OR o.expires_at IS DISTINCT FROM n.expires_at
                OR (o.token_hash, o.account_id, o.issued_at) IS DISTINCT FROM (n.token_hash, n.account_id, n.issued_at))
    ) THEN
        RETURN NULL;
    END IF;
    PERFORM append_closures(ARRAY(
        SELECT (CASE WHEN n.id IS NULL OR n.revoked_at IS NOT NULL OR n.token_hash <> o.token_hash
                     THEN 'close' ELSE 'recheck' END,
                'token', o.id::text, coalesce(n.end_reason, 'token_revoked'), '{}', o.account_id)::closure_draft
          FROM old_rows o LEFT JOIN new_rows n USING (id)
         WHERE o.revoked_at IS NULL
           AND (n.id IS NULL OR n.revoked_at IS NOT NULL OR o.expires_at IS DISTINCT FROM n.expires_at
                OR (o.token_hash, o.account_id, o.issued_at) IS DISTINCT FROM (n.token_hash, n.account_id, n.issued_at))
    ), 'token_revoke');
    RETURN NULL;
END $$;
CREATE TRIGGER api_token_updated AFTER UPDATE ON api_token
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION api_token_updated();

CREATE FUNCTION api_token_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM append_closures(ARRAY(
        SELECT ('close', 'token', id::text,
                CASE WHEN expires_at <= clock_timestamp() THEN 'token_expired' ELSE 'token_revoked' END,
                '{}', account_id)::closure_draft
          FROM old_rows WHERE revoked_at IS NULL
    ), 'token_revoke');
    RETURN NULL;
END $$;
CREATE TRIGGER api_token_deleted AFTER DELETE ON api_token
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION api_token_deleted();

-- Accounts -----------------------------------------------------------------------------------------------

-- Suspending and deleting raise the stamps; stamps never go back, and none lies after the account's last
-- instant, so that whatever is issued later is later.
CREATE FUNCTION account_stamped() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    instant timestamptz := greatest(clock_timestamp(), OLD.last_instant + interval '1 microsecond', NEW.last_instant);
    ending text;
BEGIN
    IF NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL THEN
        ending := 'account_deleted';
    ELSIF NEW.suspended_at IS NOT NULL AND OLD.suspended_at IS NULL THEN
        ending := 'account_suspended';
    END IF;
    IF ending IS NOT NULL THEN
        NEW.sessions_ended_at := instant;
        NEW.sessions_end_reason := ending;
        NEW.tokens_revoked_at := instant;
        NEW.tokens_end_reason := ending;
    END IF;
    -- A stamp that is raised closes every socket of its type, so nothing that was issued before may outlive it.
    -- Not least(): it ignores NULL, and would stamp what nobody has ended.
    IF NEW.sessions_ended_at > coalesce(OLD.sessions_ended_at, '-infinity')
       AND (NEW.sessions_ended_at < OLD.last_instant OR NEW.sessions_ended_at > instant) THEN
        NEW.sessions_ended_at := instant;
    END IF;
    IF NEW.tokens_revoked_at > coalesce(OLD.tokens_revoked_at, '-infinity')
       AND (NEW.tokens_revoked_at < OLD.last_instant OR NEW.tokens_revoked_at > instant) THEN
        NEW.tokens_revoked_at := instant;
    END IF;
    NEW.sessions_ended_at := greatest(OLD.sessions_ended_at, NEW.sessions_ended_at);
    NEW.tokens_revoked_at := greatest(OLD.tokens_revoked_at, NEW.tokens_revoked_at);
    IF NEW.sessions_ended_at IS NOT DISTINCT FROM OLD.sessions_ended_at THEN
        NEW.sessions_end_reason := OLD.sessions_end_reason;
    ELSE
        NEW.sessions_end_reason := coalesce(NEW.sessions_end_reason, 'all_sessions_revoked');
    END IF;
    IF NEW.tokens_revoked_at IS NOT DISTINCT FROM OLD.tokens_revoked_at THEN
        NEW.tokens_end_reason := OLD.tokens_end_reason;
    ELSE
        NEW.tokens_end_reason := coalesce(NEW.tokens_end_reason, 'all_tokens_revoked');
    END IF;
    NEW.last_instant := greatest(OLD.last_instant, NEW.last_instant, NEW.sessions_ended_at, NEW.tokens_revoked_at);
    RETURN NEW;
END $$;
CREATE TRIGGER account_stamped BEFORE UPDATE ON account FOR EACH ROW
    WHEN ((OLD.sessions_ended_at, OLD.tokens_revoked_at, OLD.suspended_at, OLD.deleted_at)
          IS DISTINCT FROM (NEW.sessions_ended_at, NEW.tokens_revoked_at, NEW.suspended_at, NEW.deleted_at)
          OR NEW.last_instant < OLD.last_instant)
    EXECUTE FUNCTION account_stamped();

CREATE FUNCTION account_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM old_rows o JOIN new_rows n USING (id)
         WHERE (o.sessions_ended_at, o.tokens_revoked_at, o.suspended_at, o.deleted_at, o.signed_out_at)
               IS DISTINCT FROM (n.sessions_ended_at, n.tokens_revoked_at, n.suspended_at, n.deleted_at, n.signed_out_at)
    ) THEN
        RETURN NULL;
    END IF;
    PERFORM append_closures(ARRAY(
        SELECT ('close', 'account', id::text,
                CASE WHEN deleted THEN 'account_deleted' WHEN suspended THEN 'account_suspended'
                     WHEN sessions THEN sessions_end_reason WHEN tokens THEN tokens_end_reason ELSE 'logged_out' END,
                CASE WHEN deleted OR suspended THEN ARRAY['session', 'api_token', 'daemon_token']
                     ELSE array_remove(ARRAY[CASE WHEN sessions THEN 'session' END,
                                             CASE WHEN tokens THEN 'api_token' END], NULL) END,
                id)::closure_draft
          FROM (SELECT n.id, n.sessions_end_reason, n.tokens_end_reason,
                       o.deleted_at IS NULL AND n.deleted_at IS NOT NULL AS deleted,
                       o.suspended_at IS NULL AND n.suspended_at IS NOT NULL AS suspended,
                       n.sessions_ended_at IS DISTINCT FROM o.sessions_ended_at AS sessions,
                       n.tokens_revoked_at IS DISTINCT FROM o.tokens_revoked_at AS tokens,
                       n.signed_out_at IS NOT NULL AND n.signed_out_at IS DISTINCT FROM o.signed_out_at AS signed_out
                  FROM old_rows o JOIN new_rows n USING (id)) AS changed
         WHERE deleted OR suspended OR sessions OR tokens OR signed_out
    ), 'account_update');
    RETURN NULL;
END $$;
CREATE TRIGGER account_updated AFTER UPDATE ON account
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION account_updated();

-- Before the cascade, so that each credential ends for the reason that is true; and daemon tokens have no row.
CREATE FUNCTION account_purged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM append_closures(ARRAY[
        ('close', 'account', OLD.id::text, 'account_deleted', ARRAY['session', 'api_token', 'daemon_token'], OLD.id)::closure_draft
    ], 'account_purge');
    UPDATE session SET terminated_at = clock_timestamp(), end_reason = 'account_deleted'
     WHERE account_id = OLD.id AND terminated_at IS NULL;
    UPDATE api_token SET revoked_at = clock_timestamp(), end_reason = 'account_deleted'
     WHERE account_id = OLD.id AND revoked_at IS NULL;
    RETURN OLD;
END $$;
CREATE TRIGGER account_purged BEFORE DELETE ON account FOR EACH ROW EXECUTE FUNCTION account_purged();

-- Support access -----------------------------------------------------------------------------------------

CREATE FUNCTION support_access_grant_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    UPDATE session s SET terminated_at = clock_timestamp(), end_reason = 'support_access_revoked'
      FROM old_rows o JOIN new_rows n USING (id)
     WHERE s.grant_id = o.id AND s.terminated_at IS NULL AND o.revoked_at IS NULL AND n.revoked_at IS NOT NULL;
    PERFORM append_closures(ARRAY(
        SELECT ('recheck', 'grant', n.id::text, 'support_access_ended', '{}', NULL)::closure_draft
          FROM old_rows o JOIN new_rows n USING (id)
         WHERE o.revoked_at IS NULL AND n.revoked_at IS NULL
           AND (o.expires_at, o.org_id) IS DISTINCT FROM (n.expires_at, n.org_id)
    ), 'support_grant_end');
    RETURN NULL;
END $$;
CREATE TRIGGER support_access_grant_updated AFTER UPDATE ON support_access_grant
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION support_access_grant_updated();

CREATE FUNCTION support_access_grant_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE session SET terminated_at = clock_timestamp(),
           end_reason = CASE WHEN OLD.expires_at <= clock_timestamp() THEN 'support_access_ended'
                             ELSE 'support_access_revoked' END
     WHERE grant_id = OLD.id AND terminated_at IS NULL;
    RETURN OLD;
END $$;
CREATE TRIGGER support_access_grant_deleted BEFORE DELETE ON support_access_grant
    FOR EACH ROW EXECUTE FUNCTION support_access_grant_deleted();

-- TRUNCATE fires no row trigger: everything that depends on the table is read again --------------------------

CREATE FUNCTION credential_table_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM append_closures(ARRAY[
        ('recheck', 'table', TG_TABLE_NAME::text, 'revoked', '{}', NULL)::closure_draft
    ], 'truncate');
    RETURN NULL;
END $$;
CREATE TRIGGER account_truncated AFTER TRUNCATE ON account
    FOR EACH STATEMENT EXECUTE FUNCTION credential_table_truncated();
CREATE TRIGGER session_truncated AFTER TRUNCATE ON session
    FOR EACH STATEMENT EXECUTE FUNCTION credential_table_truncated();
CREATE TRIGGER api_token_truncated AFTER TRUNCATE ON api_token
    FOR EACH STATEMENT EXECUTE FUNCTION credential_table_truncated();
CREATE TRIGGER support_access_grant_truncated AFTER TRUNCATE ON support_access_grant
    FOR EACH STATEMENT EXECUTE FUNCTION credential_table_truncated();

-- The audit guard ----------------------------------------------------------------------------------------
-- A success event of a closing type makes nodes read the named credentials again. Where it names a revocation
-- whose closures are in the log it appends nothing. No value of any column makes the insert fail.

CREATE FUNCTION uuid_or_null(written text) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN written ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN written::uuid END
$$;

CREATE FUNCTION audit_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM append_closures(ARRAY(
        WITH guarded AS (
            SELECT * FROM new_rows e
             WHERE e.outcome = 'success'
               AND e.type IN ('session_revoke', 'token_revoke', 'session_revoke_all', 'token_revoke_all',
                              'password_change', 'logout', 'account_suspend', 'account_delete', 'account_purge',
                              'support_grant_end')
               AND NOT EXISTS (SELECT FROM closure c WHERE c.revocation_id = e.revocation_id)
        )
        SELECT ('recheck', 'session', s.token_hash, 'session_revoked', '{}', s.account_id)::closure_draft
          FROM guarded e JOIN session s ON s.id = uuid_or_null(e.session_id)
        UNION ALL
        SELECT ('recheck', 'token', uuid_or_null(e.api_token_id)::text, 'token_revoked', '{}', NULL)::closure_draft
          FROM guarded e WHERE uuid_or_null(e.api_token_id) IS NOT NULL
        UNION ALL
        SELECT ('recheck', 'grant', uuid_or_null(e.grant_id)::text, 'support_access_ended', '{}', NULL)::closure_draft
          FROM guarded e WHERE uuid_or_null(e.grant_id) IS NOT NULL
        UNION ALL
        SELECT ('recheck', 'account', uuid_or_null(e.account_id)::text, 'revoked', '{}', NULL)::closure_draft
          FROM guarded e
         WHERE uuid_or_null(e.account_id) IS NOT NULL
           AND e.type IN ('session_revoke_all', 'token_revoke_all', 'password_change', 'logout',
                          'account_suspend', 'account_delete', 'account_purge')
    ), 'audit_guard');
    RETURN NULL;
END $$;
CREATE TRIGGER audit_guard AFTER INSERT ON audit_event
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_guard();

-- Also under session_replication_role = replica ------------------------------------------------------------

ALTER TABLE session ENABLE ALWAYS TRIGGER session_updated;
ALTER TABLE session ENABLE ALWAYS TRIGGER session_deleted;
ALTER TABLE session ENABLE ALWAYS TRIGGER session_truncated;
ALTER TABLE api_token ENABLE ALWAYS TRIGGER api_token_updated;
ALTER TABLE api_token ENABLE ALWAYS TRIGGER api_token_deleted;
ALTER TABLE api_token ENABLE ALWAYS TRIGGER api_token_truncated;
ALTER TABLE account ENABLE ALWAYS TRIGGER account_stamped;
ALTER TABLE account ENABLE ALWAYS TRIGGER account_updated;
ALTER TABLE account ENABLE ALWAYS TRIGGER account_purged;
ALTER TABLE account ENABLE ALWAYS TRIGGER account_truncated;
ALTER TABLE support_access_grant ENABLE ALWAYS TRIGGER support_access_grant_updated;
ALTER TABLE support_access_grant ENABLE ALWAYS TRIGGER support_access_grant_deleted;
ALTER TABLE support_access_grant ENABLE ALWAYS TRIGGER support_access_grant_truncated;
ALTER TABLE audit_event ENABLE ALWAYS TRIGGER audit_guard;
