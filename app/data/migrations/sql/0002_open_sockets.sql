-- Which node holds how many sockets on which credential, as each node last told.
-- Not logged: nothing depends on it, a crash or a failover empties it, and the nodes then write it anew.

CREATE UNLOGGED TABLE open_socket (
    node_id         uuid NOT NULL REFERENCES node ON DELETE CASCADE,
    credential_type text NOT NULL CHECK (credential_type IN ('session', 'api_token', 'daemon_token')),
    credential_id   uuid NOT NULL,   -- of the session or API token; of the account, for a daemon token
    account_id      uuid NOT NULL,
    sockets         integer NOT NULL CHECK (sockets > 0),
    -- The node's round in which it said so last: when a round is over, what was not said in it is gone.
    round           bigint NOT NULL,
    PRIMARY KEY (node_id, credential_type, credential_id)
) WITH (fillfactor = 80);
CREATE INDEX open_socket_on_credential ON open_socket (credential_id);
CREATE INDEX open_socket_of_account ON open_socket (account_id);

-- What counts: a node that has left, or was not heard of for its lease, holds nothing that anybody could say.
CREATE VIEW open_socket_now AS
SELECT o.node_id, n.name AS node_name, o.credential_type, o.credential_id, o.account_id, o.sockets
  FROM open_socket o JOIN node n ON n.id = o.node_id
 WHERE n.left_at IS NULL AND n.seen_at > statement_timestamp() - n.lease;
