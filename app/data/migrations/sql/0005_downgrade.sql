DROP INDEX revocation_by_time;
ALTER TABLE revocation DROP COLUMN traceparent;
