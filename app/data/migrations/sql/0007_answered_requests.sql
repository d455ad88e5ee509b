-- An `Idempotency-Key` whose request asked for nothing new: it was answered with a revocation that there was already.

CREATE TABLE answered_request (
    requested_by    uuid NOT NULL,
    idempotency_key text NOT NULL,
    request_digest  text NOT NULL,
    revocation_id   uuid NOT NULL REFERENCES revocation ON DELETE CASCADE,
    answered_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (requested_by, idempotency_key)
);
CREATE INDEX answered_request_of_revocation ON answered_request (revocation_id);
