DROP INDEX api_token_ended_of_account;
DROP INDEX session_ended_of_account;
