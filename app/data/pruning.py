"""Removing closures that no node can need any more, and saying how far the log has gone."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.rows import one_row

__all__ = ["delete_old_closures"]


def delete_old_closures(db: Connection, *, kept: timedelta, limit: int) -> int:
    """Up to `limit` closures older than `kept` are gone that each waiting node's snapshot has passed; how many.

    The horizon says so in the same transaction, for a node that nobody knew of. Those of another cluster, in a
    restored database, mean nothing to anybody.
    """
    row = one_row(db, _DELETE, kept=kept, limit=limit)
    return 0 if row is None else int(row["deleted"])


# A horizon that lies beyond this cluster's next transaction came with a dump from another one.
_DELETE = """
WITH here AS MATERIALIZED (
    SELECT system_identifier, pg_current_snapshot() AS snapshot FROM pg_control_system()
), passed AS MATERIALIZED (
    SELECT xmin FROM (
        SELECT pg_snapshot_xmin(n.snapshot) AS xmin
          FROM node n, here WHERE n.left_at IS NULL AND n.snapshot IS NOT NULL AND n.system_identifier = here.system_identifier
        UNION ALL
        SELECT pg_snapshot_xmin(here.snapshot) FROM here) AS each_node
     ORDER BY xmin LIMIT 1
), old AS MATERIALIZED (
    SELECT c.seq, c.xact_id, c.system_identifier = here.system_identifier AS is_ours
      FROM closure c, here, passed
     WHERE c.created_at < statement_timestamp() - %(kept)s::interval
       AND (c.system_identifier <> here.system_identifier OR c.xact_id < passed.xmin)
     ORDER BY c.created_at LIMIT %(limit)s
), deleted AS (
    DELETE FROM closure c USING old WHERE c.seq = old.seq RETURNING c.seq
), horizon AS (
    UPDATE closure_horizon h
       SET pruned_through = greatest(
               CASE WHEN h.pruned_through < pg_snapshot_xmax(here.snapshot) THEN h.pruned_through ELSE '0' END,
               (SELECT xact_id FROM old WHERE is_ours ORDER BY xact_id DESC LIMIT 1))
      FROM here
     WHERE EXISTS (SELECT FROM old) OR h.pruned_through >= pg_snapshot_xmax(here.snapshot)
)
SELECT count(*) AS deleted FROM deleted
"""
