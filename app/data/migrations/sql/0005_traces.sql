-- A revocation carries its trace: W3C's `traceparent` of who asked for it, then of who performed it. NULL: nobody traces.

ALTER TABLE revocation ADD COLUMN traceparent text;

-- The latest of all, for whoever watches the fleet.
CREATE INDEX revocation_by_time ON revocation (requested_at DESC);
