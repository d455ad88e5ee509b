"""Nodes' rows, as others than the node itself read and write them."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.rows import Row, all_rows, one_row, run
from app.domain.ids import NodeId
from app.domain.nodes import NodeRow
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = [
    "delete_dead_nodes",
    "delete_node",
    "find_nodes",
    "is_alive",
    "mark_left",
]

DEAD_AFTER_LEASES = 10
DEAD_AFTER = timedelta(minutes=1)
"""A node not heard of for the longer of the two is dead, for whoever prunes."""


def mark_left(db: Connection, node_id: NodeId) -> None:
    """The node has left: it holds no socket."""
    run(
        db,
        """
        UPDATE node SET left_at = clock_timestamp(), seen_at = clock_timestamp(), is_current = false, sockets = 0, pending = 0
         WHERE id = %(id)s AND left_at IS NULL
        """,
        id=node_id,
    )


def is_alive(db: Connection, node_id: NodeId) -> bool | None:
    """Whether the node was heard of within its lease and has not left; its row is locked. None: there is no such node."""
    row = one_row(
        db,
        """
        SELECT left_at IS NULL AND seen_at > statement_timestamp() - lease AS is_alive
          FROM node WHERE id = %(id)s FOR UPDATE
        """,
        id=node_id,
    )
    return None if row is None else bool(row["is_alive"])


def delete_node(db: Connection, node_id: NodeId) -> None:
    """The node's row is gone."""
    run(db, "DELETE FROM node WHERE id = %(id)s", id=node_id)


def delete_dead_nodes(db: Connection) -> int:
    """Rows of nodes that left, or were not heard of, long ago are gone; not of those that died under `serve`."""
    return run(
        db,
        """
        DELETE FROM node
         WHERE id IN (SELECT id FROM node
                       WHERE (left_at IS NOT NULL OR policy <> 'serve')
                         AND seen_at < statement_timestamp() - greatest(lease * %(leases)s, %(floor)s::interval)
                         FOR UPDATE SKIP LOCKED)
        """,
        leases=DEAD_AFTER_LEASES,
        floor=DEAD_AFTER,
    )


def find_nodes(db: Connection, page: PageRequest) -> Page[NodeRow]:
    """The nodes, last started first, with what the log has beyond each one's snapshot."""
    rows = all_rows(
        db,
        """
        SELECT n.*, clock_timestamp() - n.seen_at AS silent_for, n.seen_at < clock_timestamp() - n.lease AS is_silent,
               n.snapshot IS NOT NULL AS has_admitted,
               coalesce(n.system_identifier = here.system_identifier AND n.timeline = here.timeline, false) AS is_here,
               n.snapshot IS NOT NULL AND EXISTS (
                   SELECT FROM closure c
                    WHERE c.xact_id >= pg_snapshot_xmin(n.snapshot) AND c.system_identifier = here.system_identifier
                      AND NOT pg_visible_in_snapshot(c.xact_id, n.snapshot)) AS is_behind
          FROM node n
         CROSS JOIN (SELECT system_identifier,
                            ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint AS timeline
                       FROM pg_control_system()) AS here
         WHERE %(after_at)s::timestamptz IS NULL
            OR (n.started_at, n.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
         ORDER BY n.started_at DESC, n.id DESC
         LIMIT %(page_limit)s
        """,
        **page.parameters,
    )
    return page_of(rows, page, item=_node, position=lambda row: Position(row["started_at"], row["id"]))


def _node(row: Row) -> NodeRow:
    return NodeRow(
        node_id=NodeId(row["id"]),
        name=row["name"],
        started_at=row["started_at"],
        seen_at=row["seen_at"],
        left_at=row["left_at"],
        silent_for=row["silent_for"],
        is_silent=row["is_silent"],
        policy=row["policy"],
        lease=row["lease"],
        is_current=row["is_current"],
        is_subscribed=row["is_subscribed"],
        has_admitted=row["has_admitted"],
        is_behind=row["is_behind"],
        is_on_this_cluster=row["is_here"],
        tail_age=row["tail_age"],
        doorbell_age=row["doorbell_age"],
        sockets=row["sockets"],
        pending=row["pending"],
    )
