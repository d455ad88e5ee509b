DROP FUNCTION perform_revocation(uuid, text, integer);
