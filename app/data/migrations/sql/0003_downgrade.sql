DROP TRIGGER support_access_told ON support_access_grant;
DROP TRIGGER support_access_truncation_told ON support_access_grant;
DROP TABLE webhook_delivery, webhook, notice, support_use, support_request;
DROP FUNCTION support_access_told(), support_access_truncation_told(), support_use_told(), support_request_told(),
              append_notice(uuid, text, uuid, uuid, jsonb);
