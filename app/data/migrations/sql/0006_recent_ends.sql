-- Nobody removes sessions and tokens that have ended, and their owner is shown the latest.

CREATE INDEX session_ended_of_account ON session (account_id, terminated_at DESC) WHERE terminated_at IS NOT NULL;
CREATE INDEX api_token_ended_of_account ON api_token (account_id, revoked_at DESC) WHERE revoked_at IS NOT NULL;
