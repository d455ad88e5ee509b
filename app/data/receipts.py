"""Receipts: what the nodes' stored snapshots prove about a revocation, and what the nodes did."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from app.data.rows import Row, all_rows, one_row
from app.domain.ids import AccountId, NodeId, OrgId, RevocationId
from app.domain.receipts import NodeOutcome, Receipt, UnconfirmedNode
from app.logs.tracing import record_span

__all__ = [
    "RECEIPT_VISIBLE",
    "find_receipt",
    "find_visible_receipt",
    "receipt_from",
    "receipts_from",
    "settle",
]

LEASE_MARGIN = timedelta(seconds=0.5)
"""Waited for on top of the longest lease: for clocks that run at slightly different rates, and a slow statement."""


def settle(db: Connection, *, revocation_id: RevocationId | None, limit: int) -> int:
    """That receipt, or up to `limit` that are not complete, say what can be said now; how many changed.

    A node confirms by its stored snapshot: it sees all transactions of the revocation, on this cluster and
    timeline. One that has left, or has admitted nobody yet, is not waited for.
    """
    rows = all_rows(db, _SETTLE, id=revocation_id, limit=limit, margin=LEASE_MARGIN)
    for row in rows:
        if row["is_complete_now"] and row["traceparent"] is not None:
            record_span(
                "receipt",
                parent=row["traceparent"],
                began_at=row["requested_at"],
                ended_at=row["completed_at"],
                cutoff__revocation_id=str(row["id"]),
                cutoff__is_confirmed=row["is_confirmed"],
            )
    return len(rows)


def find_receipt(db: Connection, revocation_id: RevocationId) -> Receipt | None:
    """The receipt as last settled; None for an unknown revocation."""
    return _only(db, one_row(db, "SELECT * FROM revocation r WHERE r.id = %(id)s", id=revocation_id))


def find_visible_receipt(
    db: Connection, revocation_id: RevocationId, *, account_id: AccountId, under_grant_of: OrgId | None
) -> Receipt | None:
    """The receipt, if it concerns that account; in a support session, only as far as that organization goes."""
    sql = "SELECT r.* FROM revocation r WHERE r.id = %(id)s AND " + RECEIPT_VISIBLE  # noqa: S608 - a constant
    row = one_row(db, sql, id=revocation_id, account_id=account_id, under_grant_of=under_grant_of)
    return _only(db, row)


def receipts_from(db: Connection, rows: Sequence[Row]) -> tuple[Receipt, ...]:
    """Rows of the table `revocation` as receipts, in their order, each with what the nodes did."""
    outcomes = all_rows(
        db,
        "SELECT * FROM receipt_node WHERE revocation_id = ANY(%(ids)s) ORDER BY node_name, node_id",
        ids=[row["id"] for row in rows],
    )
    nodes: defaultdict[object, list[NodeOutcome]] = defaultdict(list)
    for outcome in outcomes:
        nodes[outcome["revocation_id"]].append(_outcome(outcome))
    return tuple(receipt_from(row, tuple(nodes[row["id"]])) for row in rows)


def receipt_from(row: Row, nodes: tuple[NodeOutcome, ...] = ()) -> Receipt:
    """A row of the table `revocation` as a receipt; without `nodes`, of which no node has said anything."""
    return Receipt(
        revocation_id=RevocationId(row["id"]),
        kind=row["kind"],
        source=row["source"],
        reason=row["reason"],
        account_id=row["account_id"],
        org_id=row["org_id"],
        target_id=row["target_id"],
        sparing_session_id=row["sparing_session_id"],
        requested_by=row["requested_by"],
        requested_from=row["requested_from"],
        credential_type=row["credential_type"],
        requested_at=row["requested_at"],
        performed_at=row["performed_at"],
        published_at=row["published_at"],
        audited_at=row["audited_at"],
        first_seen_at=row["first_seen_at"],
        confirmed_at=row["confirmed_at"],
        completed_at=row["completed_at"],
        sessions_ended=row["sessions_ended"],
        tokens_ended=row["tokens_ended"],
        grants_ended=row["grants_ended"],
        nodes=nodes,
        unconfirmed=tuple(UnconfirmedNode.from_json(entry) for entry in row["unconfirmed"]),
    )


def _only(db: Connection, row: Row | None) -> Receipt | None:
    return None if row is None else receipts_from(db, [row])[0]


def _outcome(row: Row) -> NodeOutcome:
    slowest: timedelta | None = row["slowest"]
    return NodeOutcome(
        node_id=NodeId(row["node_id"]),
        name=row["node_name"],
        closing=row["closing"],
        clean=row["clean"],
        aborted=row["aborted"],
        already_gone=row["already_gone"],
        first_closed_at=row["first_closed_at"],
        last_closed_at=row["last_closed_at"],
        slowest_ms=None if slowest is None else slowest / timedelta(milliseconds=1),
    )


RECEIPT_VISIBLE = """
CASE WHEN %(under_grant_of)s::uuid IS NOT NULL
     THEN r.org_id = %(under_grant_of)s::uuid OR r.requested_by = %(account_id)s
     ELSE r.requested_by = %(account_id)s OR r.account_id = %(account_id)s
          OR EXISTS (SELECT FROM account a WHERE a.id = %(account_id)s AND a.is_global_admin
                        AND a.suspended_at IS NULL AND a.deleted_at IS NULL)
          OR EXISTS (SELECT FROM role_grant mine
                      WHERE mine.account_id = %(account_id)s AND mine.role = 'admin'
                        AND (mine.org_id = r.org_id
                             OR EXISTS (SELECT FROM role_grant theirs
                                         WHERE theirs.org_id = mine.org_id AND theirs.account_id = r.account_id)))
END
"""
"""For a WHERE clause in which `r` is a revocation: whether it concerns `account_id`, in a support session within
the organization `under_grant_of`."""

# A revocation is picked if the statement's snapshot saw it performed, so its marks and all nodes' rows of that
# moment are seen too; and the clock is read after that snapshot was taken. So `first_seen_at` is not before the commit.
# Once it is complete, only nodes that were unconfirmed can still matter: others have been ruled out.
_SETTLE = """
WITH here AS MATERIALIZED (
    SELECT system_identifier, clock_timestamp() AS now,
           ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint AS timeline
      FROM pg_control_system()
), picked AS MATERIALIZED (
    SELECT id, coalesce(first_seen_at, clock_timestamp()) AS seen_at, unconfirmed, completed_at
      FROM revocation
     WHERE performed_at IS NOT NULL AND confirmed_at IS NULL
       AND (id = %(id)s::uuid OR (%(id)s::uuid IS NULL AND completed_at IS NULL))
     ORDER BY requested_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), summed AS (
    SELECT p.id, p.seen_at, count(o.node_id) = 0 AS is_confirmed,
           coalesce(bool_or(o.policy = 'serve' AND NOT o.is_gone), false) AS is_waiting_for_serve,
           max(o.lease_ends_at) AS lease_ends_at,
           coalesce(jsonb_agg(jsonb_build_object('node_id', o.node_id, 'name', o.name, 'policy', o.policy,
                                                 'lease_ends_at', o.lease_ends_at, 'is_gone', o.is_gone)
                              ORDER BY o.name, o.node_id) FILTER (WHERE o.node_id IS NOT NULL), '[]') AS unconfirmed
      FROM picked p CROSS JOIN here
      LEFT JOIN LATERAL (
           SELECT n.id AS node_id, n.name, n.policy, false AS is_gone,
                  CASE WHEN n.policy <> 'serve' THEN p.seen_at + n.lease END AS lease_ends_at
             FROM node n
            WHERE n.left_at IS NULL AND n.snapshot IS NOT NULL
              AND (p.completed_at IS NULL OR p.unconfirmed @> jsonb_build_array(jsonb_build_object('node_id', n.id)))
              AND NOT coalesce(
                  n.system_identifier = here.system_identifier AND n.timeline = here.timeline AND NOT EXISTS (
                      SELECT FROM revocation_transaction t
                       WHERE t.revocation_id = p.id AND t.system_identifier = here.system_identifier
                         AND NOT pg_visible_in_snapshot(t.xact_id, n.snapshot)), false)
           UNION ALL
           SELECT (e->>'node_id')::uuid, e->>'name', e->>'policy', true, (e->>'lease_ends_at')::timestamptz
             FROM jsonb_array_elements(p.unconfirmed) e
            WHERE NOT EXISTS (SELECT FROM node n WHERE n.id = (e->>'node_id')::uuid)
           ) o ON true
     GROUP BY p.id, p.seen_at
), settled AS (
    SELECT s.id, s.seen_at, s.unconfirmed, CASE WHEN s.is_confirmed THEN here.now END AS confirmed_at,
           CASE WHEN s.is_confirmed
                  OR (NOT s.is_waiting_for_serve
                      AND (s.lease_ends_at IS NULL OR here.now >= s.lease_ends_at + %(margin)s::interval))
                THEN here.now END AS completed_at
      FROM summed s CROSS JOIN here
)
UPDATE revocation r
   SET first_seen_at = s.seen_at, unconfirmed = s.unconfirmed, confirmed_at = s.confirmed_at,
       completed_at = coalesce(r.completed_at, s.completed_at)
  FROM settled s
 WHERE s.id = r.id
   AND (r.first_seen_at IS NULL OR s.confirmed_at IS NOT NULL
        OR (r.completed_at IS NULL AND s.completed_at IS NOT NULL) OR r.unconfirmed <> s.unconfirmed)
RETURNING r.id, r.traceparent, r.requested_at, r.completed_at, r.completed_at = s.completed_at AS is_complete_now,
          r.confirmed_at IS NOT NULL AS is_confirmed
"""
