"""Revocation rows as their performers and sweeps see them. (Asking for one: `revocation_requests`.)"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from app.data.closure_log import closure_from
from app.data.rows import Row, all_rows, one_row, run
from app.domain.ids import AccountId, OrgId, RevocationId, SessionId
from app.domain.targets import Announced
from app.logs.tracing import traceparent

__all__ = [
    "ANNOUNCED_AT_MOST",
    "Announced",
    "Ended",
    "Revocation",
    "claim_unfinished",
    "closures_of",
    "count_ended_sessions",
    "find_revocation",
    "find_trace",
    "lock_unperformed",
    "mark_transaction",
    "record_performed",
    "record_published",
    "revocation_from",
]

ANNOUNCED_AT_MOST = 10_000
"""Closures of one revocation that are said on the bus; the log has the rest, and nodes read it soon after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many credentials and grants a revocation ended."""

    sessions: int = 0
    tokens: int = 0
    grants: int = 0

    def __bool__(self) -> bool:
        return bool(self.sessions or self.tokens or self.grants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What is to be ended, who asked for it, and how far it is. `kind` may be a word of a newer version."""

    revocation_id: RevocationId
    kind: str
    source: str
    reason: str
    account_id: AccountId | None
    org_id: OrgId | None
    target_id: UUID | None
    sparing_session_id: SessionId | None
    issued_up_to: datetime | None
    requested_by: AccountId | None
    requested_from: str
    credential_type: str | None
    performed_at: datetime | None
    published_at: datetime | None
    audited_at: datetime | None
    ended: Ended
    traceparent: str | None


def find_revocation(db: Connection, revocation_id: RevocationId) -> Revocation | None:
    """The revocation as it stands; None for an unknown id."""
    row = one_row(db, "SELECT * FROM revocation WHERE id = %(id)s", id=revocation_id)
    return None if row is None else revocation_from(row)


def lock_unperformed(db: Connection, revocation_id: RevocationId) -> Revocation | None:
    """The revocation, locked until the transaction ends; None if it has been performed, or there is none.

    Waits for another performer, who either finishes it or gives it back.
    """
    row = one_row(
        db,
        "SELECT * FROM revocation WHERE id = %(id)s AND performed_at IS NULL FOR NO KEY UPDATE",
        id=revocation_id,
    )
    return None if row is None else revocation_from(row)


def closures_of(db: Connection, revocation_id: RevocationId) -> Announced:
    """What that revocation has in the log so far, in the order in which it was written; its account first."""
    rows = all_rows(
        db,
        """
        SELECT here.system_identifier, c.*
          FROM pg_control_system() AS here
          LEFT JOIN (SELECT xact_id::text, action, target_kind, target_key, reason, invalidates, revocation_id,
                            created_at, system_identifier AS written_on
                       FROM closure
                      WHERE revocation_id = %(id)s
                      ORDER BY target_kind <> 'account', seq
                      LIMIT %(limit)s) AS c ON c.written_on = here.system_identifier
        """,
        id=revocation_id,
        limit=ANNOUNCED_AT_MOST,
    )
    closures = (closure_from(row) for row in rows if row["action"] is not None)
    return Announced(
        system_identifier=str(rows[0]["system_identifier"]),
        closures=tuple(closure for closure in closures if closure is not None),
    )


def count_ended_sessions(db: Connection, revocation_id: RevocationId) -> int:
    """How many sessions that revocation has ended, triggers' work included."""
    row = one_row(
        db,
        """
        SELECT count(*) AS ended FROM closure
         WHERE revocation_id = %(id)s AND action = 'close' AND target_kind = 'session'
        """,
        id=revocation_id,
    )
    return 0 if row is None else int(row["ended"])


def mark_transaction(db: Connection, revocation_id: RevocationId) -> None:
    """Whatever ends in this transaction from here on ends by that revocation; repeating it changes nothing."""
    run(
        db,
        """
        INSERT INTO revocation_transaction (system_identifier, revocation_id)
        SELECT system_identifier, %(revocation_id)s FROM pg_control_system()
        ON CONFLICT (xact_id, system_identifier) WHERE account_id IS NULL DO NOTHING
        """,
        revocation_id=revocation_id,
    )


def record_performed(db: Connection, revocation_id: RevocationId, ended: Ended) -> Revocation | None:
    """It is performed, as of now, with those numbers; who traces, finds the performer below whom nodes close.

    None, and nothing has changed, if it was performed before.
    """
    row = one_row(
        db,
        """
        UPDATE revocation
           SET performed_at = clock_timestamp(), sessions_ended = %(sessions)s, tokens_ended = %(tokens)s,
               grants_ended = %(grants)s, traceparent = coalesce(%(traceparent)s, traceparent)
         WHERE id = %(id)s AND performed_at IS NULL
        RETURNING *
        """,
        id=revocation_id,
        sessions=ended.sessions,
        tokens=ended.tokens,
        grants=ended.grants,
        traceparent=traceparent(),
    )
    return None if row is None else revocation_from(row)


def find_trace(db: Connection, revocation_id: RevocationId) -> str | None:
    """The `traceparent` below which its consequences belong; None where nobody traces it."""
    row = one_row(db, "SELECT traceparent FROM revocation WHERE id = %(id)s", id=revocation_id)
    return None if row is None else row["traceparent"]


def record_published(db: Connection, revocation_id: RevocationId) -> None:
    """Redis has taken its closures."""
    run(
        db,
        "UPDATE revocation SET published_at = clock_timestamp() WHERE id = %(id)s AND published_at IS NULL",
        id=revocation_id,
    )


def claim_unfinished(
    db: Connection, *, perform_within: timedelta, finish_within: timedelta, once_in: timedelta, limit: int
) -> tuple[RevocationId, ...]:
    """Requests not performed or not finished in time, the oldest first, each claimed for `once_in`.

    Those that a performer or another sweep has locked are skipped; a mass revocation is its job's to perform.
    """
    rows = all_rows(
        db,
        """
        UPDATE revocation SET resumed_at = clock_timestamp()
         WHERE id IN (
               SELECT id FROM revocation
                WHERE source = 'request' AND audited_at IS NULL
                  AND (performed_at IS NULL AND kind <> 'mass_revocation'
                       AND requested_at <= statement_timestamp() - %(perform_within)s::interval
                       OR performed_at <= statement_timestamp() - %(finish_within)s::interval)
                  AND (resumed_at IS NULL OR resumed_at <= statement_timestamp() - %(once_in)s::interval)
                ORDER BY coalesce(resumed_at, '-infinity'), requested_at
                LIMIT %(limit)s
                  FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id
        """,
        perform_within=perform_within,
        finish_within=finish_within,
        once_in=once_in,
        limit=limit,
    )
    return tuple(RevocationId(row["id"]) for row in rows)


def revocation_from(row: Row) -> Revocation:
    """A row of the table `revocation`."""
    return Revocation(
        revocation_id=RevocationId(row["id"]),
        kind=row["kind"],
        source=row["source"],
        reason=row["reason"],
        account_id=row["account_id"],
        org_id=row["org_id"],
        target_id=row["target_id"],
        sparing_session_id=row["sparing_session_id"],
        issued_up_to=row["issued_up_to"],
        requested_by=row["requested_by"],
        requested_from=row["requested_from"],
        credential_type=row["credential_type"],
        performed_at=row["performed_at"],
        published_at=row["published_at"],
        audited_at=row["audited_at"],
        ended=Ended(sessions=row["sessions_ended"], tokens=row["tokens_ended"], grants=row["grants_ended"]),
        traceparent=row["traceparent"],
    )
