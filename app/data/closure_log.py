"""Reading the closure log. The cursor is a snapshot: a poll returns what one snapshot saw and an earlier one did not.

The statement is text, since two callers run it: the tail on its own asynchronous connection, and tests through SQLAlchemy.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import NodeId, RevocationId, TransactionId
from app.domain.snapshot import Snapshot
from app.domain.targets import Action, Cause, Closure, Target, TargetKind

__all__ = ["POLL", "Poll", "closure_from", "poll_from", "poll_parameters"]

POLL = """
SELECT position.*, rows.*
  FROM (SELECT pg_current_snapshot()::text AS snapshot, statement_timestamp() AS read_at,
               (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
               CASE WHEN NOT pg_is_in_recovery()
                    THEN ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint END AS timeline,
               (SELECT pruned_through::text FROM closure_horizon) AS pruned_through,
               EXISTS (SELECT FROM node WHERE id = %(node_id)s::uuid AND left_at IS NULL) AS is_registered
       ) AS position
  LEFT JOIN (
        SELECT xact_id::text, action, target_kind, target_key, reason, invalidates, revocation_id, created_at
          FROM closure
         WHERE %(last)s::pg_snapshot IS NOT NULL
           AND xact_id >= pg_snapshot_xmin(%(last)s::pg_snapshot)
           AND NOT pg_visible_in_snapshot(xact_id, %(last)s::pg_snapshot)
           AND system_identifier = (SELECT system_identifier FROM pg_control_system())
         ORDER BY seq
         LIMIT %(limit)s
       ) AS rows ON true
"""
"""One read-only statement that takes no transaction id. `last` None is the baseline: the snapshot alone, no rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What one poll returned: the closures between two snapshots, and the snapshot that becomes the cursor.

    `timeline` is None on a server in recovery, which renews no lease. `is_cut_off`: there were more rows than
    the limit, or some of those between were pruned already, so that only reconciling leads on (R6).
    `is_registered`: the row of the node that asks is there, so that receipts wait for it.
    `unknown` counts rows of a kind that this version does not know; they call for reconciling too.
    """

    snapshot: Snapshot
    read_at: datetime
    system_identifier: str
    timeline: int | None
    closures: tuple[Closure, ...]
    is_cut_off: bool
    is_registered: bool
    unknown: int


def poll_parameters(last: Snapshot | None, *, limit: int, node_id: NodeId | None = None) -> dict[str, Any]:
    """The parameters of `POLL`; one row more than the limit is asked for, to know whether there are more."""
    return {"last": None if last is None else str(last), "limit": limit + 1, "node_id": node_id}


def poll_from(rows: Iterable[Mapping[str, Any]], *, last: Snapshot | None, limit: int) -> Poll:
    """The answer of `POLL`, given with the snapshot and the limit that were sent with it."""
    returned = list(rows)
    head = returned[0]
    written = [row for row in returned if row["action"] is not None]
    closures = [closure_from(row) for row in written]
    known = tuple(closure for closure in closures if closure is not None)
    pruned_through = int(head["pruned_through"] or 0)
    return Poll(
        snapshot=Snapshot.parse(head["snapshot"]),
        read_at=head["read_at"],
        system_identifier=str(head["system_identifier"]),
        timeline=head["timeline"],
        closures=known,
        is_cut_off=len(written) > limit or (last is not None and pruned_through >= last.xmin),
        is_registered=head["is_registered"],
        unknown=len(written) - len(known),
    )


def closure_from(row: Mapping[str, Any]) -> Closure | None:
    """A row of the log as a closure; None for an action or a kind of target that this version does not know.

    A reason that this version does not know is told as `revoked`.
    """
    if row["action"] not in _ACTIONS or row["target_kind"] not in _KINDS:
        return None
    revocation_id = row["revocation_id"]
    return Closure(
        action=Action(row["action"]),
        target=Target(TargetKind(row["target_kind"]), row["target_key"]),
        cause=Cause(
            reason=Reason(row["reason"]) if row["reason"] in _REASONS else Reason.REVOKED,
            invalidates=frozenset(
                CredentialType(word) for word in row["invalidates"] if word in _CREDENTIAL_TYPES
            ),
            transaction=TransactionId(int(row["xact_id"])),
            revocation_id=None if revocation_id is None else RevocationId(revocation_id),
            committed_after=row["created_at"],
        ),
    )


_ACTIONS = frozenset(Action)
_KINDS = frozenset(TargetKind)
_REASONS = frozenset(Reason)
_CREDENTIAL_TYPES = frozenset(CredentialType)
