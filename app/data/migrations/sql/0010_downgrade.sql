DROP FUNCTION request_own_end(uuid, text, text, uuid, uuid, text, text, text, text, text);
