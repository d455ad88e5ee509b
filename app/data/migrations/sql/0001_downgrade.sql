DROP TABLE receipt_node, canary, node, audit_event, closure_horizon, closure, revocation_transaction, revocation,
           api_token, refresh_token, session, support_access_grant, role_grant, organization, account;
DROP FUNCTION append_closures(closure_draft[], text), session_updated(), session_deleted(), api_token_updated(),
              api_token_deleted(), account_stamped(), account_updated(), account_purged(),
              support_access_grant_updated(), support_access_grant_deleted(), credential_table_truncated(),
              uuid_or_null(text), audit_guard();
DROP TYPE closure_draft;
