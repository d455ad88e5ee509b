"""What a node says of itself, stored in as few statements as can be: it comes from every node, all the time."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlalchemy import Connection

from app.data.rows import one_row, run
from app.domain.ids import RevocationId
from app.domain.node_report import NodeReport, ReportAnswer

__all__ = ["add_outcomes", "save_node"]


def save_node(
    db: Connection,
    report: NodeReport,
    *,
    lock_wait: timedelta,
    perform_within: timedelta,
    kinds: Collection[str],
    overdue_at_once: int,
) -> ReportAnswer:
    """The node's row says what it reported, as of now; one that has left stays so.

    Overdue are requests of those kinds that nobody has performed in time, and nobody is at, the oldest first. For
    each row's lock, this transaction waits no longer than `lock_wait` from now on.
    """
    row = one_row(
        db,
        _SAVE,
        lock_wait=f"{round(lock_wait / timedelta(milliseconds=1))}ms",
        id=report.node_id,
        name=report.name,
        policy=report.policy,
        lease=report.lease,
        system_identifier=report.system_identifier,
        timeline=report.timeline,
        snapshot=report.snapshot,
        is_current=report.is_current,
        is_subscribed=report.is_subscribed,
        tail_age=report.tail_age,
        doorbell_age=report.doorbell_age,
        sockets=report.sockets,
        pending=report.pending,
        perform_within=perform_within,
        kinds=list(kinds),
        limit=overdue_at_once,
    )
    assert row is not None  # a SELECT without FROM
    return ReportAnswer(overdue=tuple(map(RevocationId, row["overdue"])), nodes=row["nodes"])


def add_outcomes(db: Connection, report: NodeReport) -> None:
    """The receipts have what this node did since its last report; nothing happens where they have it already."""
    outcomes = report.outcomes
    run(
        db,
        _ADD_OUTCOMES,
        node_id=report.node_id,
        name=report.name,
        number=report.number,
        revocations=_array([outcome.revocation_id.hex for outcome in outcomes]),
        closing=_array([outcome.closing for outcome in outcomes]),
        clean=_array([outcome.clean for outcome in outcomes]),
        aborted=_array([outcome.aborted for outcome in outcomes]),
        already_gone=_array([outcome.already_gone for outcome in outcomes]),
        slowest_s=_array([outcome.slowest_s for outcome in outcomes]),
    )


def _array(values: Iterable[float | str | None]) -> str:
    """As PostgreSQL reads it. In a storm there are thousands, and the driver takes three times as long for a list."""
    return f"{{{','.join(['NULL' if value is None else str(value) for value in values])}}}"


# The bound on waiting is set by what gives the row to be inserted, and so before its lock is waited for.
_SAVE = """
WITH saved AS (
    INSERT INTO node AS n (id, name, policy, lease, system_identifier, timeline, snapshot, is_current, is_subscribed,
                           tail_age, doorbell_age, sockets, pending)
    SELECT %(id)s::uuid, %(name)s, %(policy)s, %(lease)s::interval, %(system_identifier)s::bigint, %(timeline)s::bigint,
           %(snapshot)s::pg_snapshot, %(is_current)s::boolean, %(is_subscribed)s::boolean, %(tail_age)s::interval,
           %(doorbell_age)s::interval, %(sockets)s::integer, %(pending)s::integer
      FROM set_config('lock_timeout', %(lock_wait)s, true)
    ON CONFLICT (id) DO UPDATE
       SET name = excluded.name, policy = excluded.policy, lease = excluded.lease,
           system_identifier = excluded.system_identifier, timeline = excluded.timeline, snapshot = excluded.snapshot,
           is_current = excluded.is_current, is_subscribed = excluded.is_subscribed, tail_age = excluded.tail_age,
           doorbell_age = excluded.doorbell_age, sockets = excluded.sockets, pending = excluded.pending,
           seen_at = clock_timestamp()
), overdue AS (
    SELECT id, requested_at FROM revocation
     WHERE performed_at IS NULL AND requested_at <= statement_timestamp() - %(perform_within)s::interval
       AND kind = ANY(%(kinds)s)
     ORDER BY requested_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
)
SELECT ARRAY(SELECT id FROM overdue ORDER BY requested_at) AS overdue,
       1 + (SELECT count(*) FROM node
             WHERE id <> %(id)s::uuid AND left_at IS NULL AND seen_at > statement_timestamp() - lease) AS nodes
"""

_ADD_OUTCOMES = """
WITH claimed AS (
    UPDATE node SET outcomes_of = %(number)s WHERE id = %(node_id)s AND outcomes_of < %(number)s RETURNING id
)
INSERT INTO receipt_node AS r (revocation_id, node_id, node_name, closing, clean, aborted, already_gone,
                               first_closed_at, last_closed_at, slowest)
SELECT o.revocation_id, claimed.id, %(name)s, sum(o.closing), sum(o.clean), sum(o.aborted), sum(o.already_gone),
       CASE WHEN bool_or(o.clean + o.aborted + o.already_gone > 0) THEN clock_timestamp() END,
       CASE WHEN bool_or(o.clean + o.aborted + o.already_gone > 0) THEN clock_timestamp() END,
       make_interval(secs => max(o.slowest_s))
  FROM claimed
 CROSS JOIN unnest(%(revocations)s::uuid[], %(closing)s::int[], %(clean)s::int[], %(aborted)s::int[],
                   %(already_gone)s::int[], %(slowest_s)s::float8[])
            AS o(revocation_id, closing, clean, aborted, already_gone, slowest_s)
 GROUP BY o.revocation_id, claimed.id
 ORDER BY o.revocation_id
ON CONFLICT (revocation_id, node_id) DO UPDATE
   SET closing = r.closing + excluded.closing, clean = r.clean + excluded.clean,
       aborted = r.aborted + excluded.aborted, already_gone = r.already_gone + excluded.already_gone,
       first_closed_at = coalesce(r.first_closed_at, excluded.first_closed_at),
       last_closed_at = coalesce(excluded.last_closed_at, r.last_closed_at),
       slowest = greatest(r.slowest, excluded.slowest)
"""
