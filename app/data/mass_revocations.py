"""Mass revocations as people see them: planned, found in their scope, moved from one state to another."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.rows import Row, all_rows, one_row, run
from app.domain.errors import Conflict
from app.domain.ids import AccountId, ApiTokenId, MassRevocationId, OrgId, RevocationId, SessionId
from app.domain.mass_criteria import MassCriteria, MassWhat
from app.domain.mass_revocations import MassCount, MassLease, MassRevocation, MassState
from app.domain.operator import Operator, Requester
from app.domain.paging import Page, PageRequest, Position, page_of
from app.domain.revocation_request import Idempotency

__all__ = [
    "NewMassRevocation",
    "find_mass_revocation",
    "find_mass_revocations",
    "find_planned_by_key",
    "insert_mass_revocation",
    "lock_mass_revocation",
    "record_cancelled",
    "record_paused",
    "record_resumed",
    "record_started",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMassRevocation:
    """A plan, as it is asked for and counted."""

    criteria: MassCriteria
    what: MassWhat
    reason: str
    pace: int
    planned: MassCount
    requested_by: AccountId | None
    requested_from: str
    credential_type: str | None
    sparing_session_id: SessionId | None
    sparing_token_id: ApiTokenId | None
    idempotency: Idempotency | None


def insert_mass_revocation(db: Connection, new: NewMassRevocation) -> MassRevocationId | None:
    """The plan is on record; None if its idempotency key came at the same moment with another request."""
    mass_revocation_id = MassRevocationId(uuid7())
    inserted = run(db, _INSERT, id=mass_revocation_id, **_parameters(new))
    return mass_revocation_id if inserted else None


def find_planned_by_key(
    db: Connection, requested_by: AccountId | None, idempotency: Idempotency | None
) -> MassRevocationId | None:
    """What that account planned under that key; None for a new key, or none at all.

    Raises: Conflict if the request was a different one.
    """
    if idempotency is None:
        return None
    row = one_row(
        db,
        """
        SELECT id, request_digest FROM mass_revocation
         WHERE requested_by = %(requested_by)s AND idempotency_key = %(key)s
        """,
        requested_by=requested_by,
        key=idempotency.key,
    )
    if row is None:
        return None
    if row["request_digest"] != idempotency.request_digest:
        raise Conflict("idempotency_key_reused")
    return MassRevocationId(row["id"])


def find_mass_revocation(
    db: Connection, mass_revocation_id: MassRevocationId, *, by: Requester
) -> MassRevocation | None:
    """The job as it stands; None for an unknown id and for one that is out of scope."""
    row = one_row(db, _SELECT + " AND m.id = %(id)s", id=mass_revocation_id, **_scope(by))
    return None if row is None else _mass_revocation(row)


def lock_mass_revocation(
    db: Connection, mass_revocation_id: MassRevocationId, *, by: Requester
) -> MassRevocation | None:
    """The job, locked until the transaction ends: no batch runs and nobody else moves it meanwhile."""
    row = one_row(
        db, _SELECT + " AND m.id = %(id)s FOR NO KEY UPDATE OF m", id=mass_revocation_id, **_scope(by)
    )
    return None if row is None else _mass_revocation(row)


def find_mass_revocations(db: Connection, page: PageRequest, *, by: Requester) -> Page[MassRevocation]:
    """Those in scope, the newest plan first."""
    rows = all_rows(db, _SELECT + _PAGE, **_scope(by), **page.parameters)
    return page_of(
        rows, page, item=_mass_revocation, position=lambda row: Position(row["planned_at"], row["id"])
    )


def record_started(db: Connection, lease: MassLease, *, revocation_id: RevocationId, expected: int) -> None:
    """It runs from now on: nothing that is issued after this instant is touched, and what is under way is known."""
    run(
        db,
        _START,
        id=lease.mass_revocation_id,
        lease=lease.lease,
        revocation_id=revocation_id,
        expected=expected,
    )


def record_paused(db: Connection, mass_revocation_id: MassRevocationId) -> None:
    """No batch begins any more; whoever had the lease has lost it."""
    run(
        db,
        "UPDATE mass_revocation SET state = 'paused', lease = NULL, leased_until = NULL WHERE id = %(id)s",
        id=mass_revocation_id,
    )


def record_resumed(db: Connection, lease: MassLease) -> None:
    """Batches go on where they stopped, for whoever has this lease."""
    run(db, _RESUME, id=lease.mass_revocation_id, lease=lease.lease)


def record_cancelled(db: Connection, mass_revocation_id: MassRevocationId) -> None:
    """No batch begins ever again; what has ended stays ended."""
    run(
        db,
        """
        UPDATE mass_revocation
           SET state = 'cancelled', finished_at = clock_timestamp(), lease = NULL, leased_until = NULL
         WHERE id = %(id)s
        """,
        id=mass_revocation_id,
    )


def _scope(by: Requester) -> dict[str, object]:
    is_operator = isinstance(by, Operator)
    return {"is_operator": is_operator, "by": None if isinstance(by, Operator) else by.account_id}


def _parameters(new: NewMassRevocation) -> dict[str, object]:
    key = new.idempotency
    return {
        "criteria": json.dumps(new.criteria.as_json()),
        "what": new.what,
        "org_id": new.criteria.org_id,
        "reason": new.reason,
        "pace": new.pace,
        "requested_by": new.requested_by,
        "requested_from": new.requested_from,
        "credential_type": new.credential_type,
        "sparing_session_id": new.sparing_session_id,
        "sparing_token_id": new.sparing_token_id,
        "key": None if key is None else key.key,
        "digest": None if key is None else key.request_digest,
        "accounts": new.planned.accounts,
        "sessions": new.planned.sessions,
        "tokens": new.planned.tokens,
        "sockets": new.planned.sockets,
        "nodes": new.planned.nodes,
    }


def _mass_revocation(row: Row) -> MassRevocation:
    return MassRevocation(
        mass_revocation_id=MassRevocationId(row["id"]),
        criteria=MassCriteria.from_json(row["criteria"]),
        what=MassWhat(row["what"]),
        org_id=None if row["org_id"] is None else OrgId(row["org_id"]),
        org_slug=row["org_slug"],
        reason=row["reason"],
        pace=row["pace"],
        requested_by=row["requested_by"],
        requested_from=row["requested_from"],
        sparing_session_id=row["sparing_session_id"],
        sparing_token_id=row["sparing_token_id"],
        state=MassState(row["state"]),
        planned_at=row["planned_at"],
        planned=MassCount(
            accounts=row["planned_accounts"],
            sessions=row["planned_sessions"],
            tokens=row["planned_tokens"],
            sockets=row["planned_sockets"],
            nodes=row["planned_nodes"],
        ),
        started_at=row["started_at"],
        expected=row["expected"],
        issued_up_to=row["issued_up_to"],
        revocation_id=row["revocation_id"],
        finished_at=row["finished_at"],
        sessions_ended=row["sessions_ended"],
        tokens_ended=row["tokens_ended"],
        stragglers_ended=row["stragglers_ended"],
        left_behind=row["left_behind"],
    )


# An organization's admins see what is confined to their organization; a Global Admin sees everything.
_SELECT = """
SELECT m.*, (SELECT o.slug FROM organization o WHERE o.id = m.org_id) AS org_slug
  FROM mass_revocation m
 WHERE (%(is_operator)s
        OR EXISTS (SELECT FROM account c WHERE c.id = %(by)s::uuid AND c.is_global_admin
                      AND c.suspended_at IS NULL AND c.deleted_at IS NULL)
        OR EXISTS (SELECT FROM role_grant mine JOIN account c ON c.id = mine.account_id
                    WHERE mine.account_id = %(by)s::uuid AND mine.role = 'admin' AND mine.org_id = m.org_id
                      AND c.suspended_at IS NULL AND c.deleted_at IS NULL))
"""
_PAGE = """
   AND (%(after_at)s::timestamptz IS NULL OR (m.planned_at, m.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
 ORDER BY m.planned_at DESC, m.id DESC
 LIMIT %(page_limit)s
"""
_INSERT = """
INSERT INTO mass_revocation (id, criteria, what, org_id, reason, pace, requested_by, requested_from, credential_type,
                             sparing_session_id, sparing_token_id, idempotency_key, request_digest, planned_accounts,
                             planned_sessions, planned_tokens, planned_sockets, planned_nodes)
VALUES (%(id)s, %(criteria)s::jsonb, %(what)s, %(org_id)s, %(reason)s, %(pace)s, %(requested_by)s, %(requested_from)s,
        %(credential_type)s, %(sparing_session_id)s, %(sparing_token_id)s, %(key)s, %(digest)s, %(accounts)s,
        %(sessions)s, %(tokens)s, %(sockets)s, %(nodes)s)
ON CONFLICT (requested_by, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
"""

# A sign-in that is under way may have taken its instant before ours and commit after: `open_below` covers it, since
# the statement's snapshot is taken after the instant of the statement.
_START = """
UPDATE mass_revocation
   SET state = 'running', started_at = statement_timestamp(), issued_up_to = statement_timestamp(),
       open_below = pg_snapshot_xmax(pg_current_snapshot()), revocation_id = %(revocation_id)s,
       expected = %(expected)s, next_batch_at = clock_timestamp(), lease = %(lease)s,
       leased_until = clock_timestamp() + interval '5 seconds'
 WHERE id = %(id)s
"""
_RESUME = """
UPDATE mass_revocation
   SET state = 'running', next_batch_at = clock_timestamp(), lease = %(lease)s,
       leased_until = clock_timestamp() + interval '5 seconds'
 WHERE id = %(id)s
"""
