DROP FUNCTION perform_waiting(uuid, integer);
DROP FUNCTION others_wait(timestamptz);
DROP FUNCTION perform_revocation(uuid, text, integer);
