DROP FUNCTION request_own_end(uuid, text, text, uuid, uuid, text, text, text, text, text);
DROP FUNCTION verify_credentials(text[], text[], uuid[]);
