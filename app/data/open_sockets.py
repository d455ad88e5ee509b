"""Open sockets as the nodes tell of them: written a part at a time, read as sums over the nodes that are heard of."""

from sqlalchemy import Connection

from app.data.rows import one_row, run
from app.domain.ids import NodeId
from app.domain.open_sockets import CensusPart

__all__ = [
    "SOCKETS_OF_ACCOUNT",
    "SOCKETS_ON_SESSION",
    "SOCKETS_ON_TOKEN",
    "save_open_sockets",
]

SOCKETS_ON_SESSION = """
(SELECT coalesce(sum(o.sockets), 0)::int FROM open_socket_now o
  WHERE o.credential_id = s.id AND o.credential_type = 'session')
"""
"""A column of a query in which `s` is the session."""

SOCKETS_ON_TOKEN = """
(SELECT coalesce(sum(o.sockets), 0)::int FROM open_socket_now o
  WHERE o.credential_id = t.id AND o.credential_type = 'api_token')
"""
"""A column of a query in which `t` is the API token."""

SOCKETS_OF_ACCOUNT = """
(SELECT coalesce(sum(o.sockets), 0)::int FROM open_socket_now o WHERE o.account_id = a.id)
"""
"""A column of a query in which `a` is the account."""


def save_open_sockets(db: Connection, node_id: NodeId, part: CensusPart) -> bool:
    """The node's counts are stored; False if the node has no row, and then nothing is.

    At the end of a round, what was not told in it is gone. Nothing but the node's own rows is locked or waited for.
    """
    row = one_row(
        db,
        """
        WITH here AS MATERIALIZED (SELECT id FROM node WHERE id = %(node_id)s AND left_at IS NULL FOR KEY SHARE),
        told AS (
            SELECT * FROM unnest(%(types)s::text[], %(ids)s::uuid[], %(accounts)s::uuid[], %(sockets)s::int[])
                       AS t(credential_type, credential_id, account_id, sockets)
        ), gone AS (
            DELETE FROM open_socket o USING told t
             WHERE o.node_id = %(node_id)s AND o.credential_type = t.credential_type
               AND o.credential_id = t.credential_id AND t.sockets = 0
        ), saved AS (
            INSERT INTO open_socket AS o (node_id, credential_type, credential_id, account_id, sockets, round)
            SELECT here.id, t.credential_type, t.credential_id, t.account_id, t.sockets, %(round)s
              FROM told t CROSS JOIN here WHERE t.sockets > 0
            ON CONFLICT (node_id, credential_type, credential_id) DO UPDATE
               SET account_id = excluded.account_id, sockets = excluded.sockets, round = excluded.round
        )
        SELECT id FROM here
        """,
        node_id=node_id,
        types=[count.credential_type for count in part.counts],
        ids=[count.credential_id for count in part.counts],
        accounts=[count.account_id for count in part.counts],
        sockets=[count.sockets for count in part.counts],
        round=part.round,
    )
    if row is not None and part.ends_round:
        run(
            db,
            "DELETE FROM open_socket WHERE node_id = %(node_id)s AND round < %(round)s",
            node_id=node_id,
            round=part.round,
        )
    return row is not None
