"""Mass revocations as whoever runs them sees them: the lease, the place in the pass, the batch on record."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection

from app.data.closure_log import closure_from
from app.data.mass_matches import Aim, EndedBatch, Place
from app.data.revocations import Announced
from app.data.rows import Row, all_rows, one_row, run
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, MassRevocationId, RevocationId
from app.domain.mass_criteria import MassCriteria, MassWhat
from app.domain.mass_revocations import MassLease

__all__ = [
    "Running",
    "claim_unleased",
    "closures_of_this_transaction",
    "lock_running",
    "record_batch",
    "record_done",
    "record_next_pass",
    "record_walking",
    "renew_lease",
]

LEASED_FOR = timedelta(seconds=5)
"""Between two batches; during one, the row's lock keeps others away for as long as it takes."""
OPEN_AT_MOST = timedelta(seconds=30)
"""How long a transaction is waited for that was open at the start: none of ours is open for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running job, locked: what it aims at, where it is, and how long its pace lets it wait for the next batch.

    `is_settled`: whatever was issued before the start has been committed, or never will be.
    """

    lease: MassLease
    aim: Aim
    pace: int
    revocation_id: RevocationId
    walking: CredentialType
    place: Place | None
    is_first_pass: bool
    wait: timedelta
    is_settled: bool
    sessions_ended: int
    tokens_ended: int


def claim_unleased(db: Connection, *, limit: int) -> tuple[MassLease, ...]:
    """Running jobs that nobody is at, each with a new lease; those whose batch runs right now are skipped."""
    rows = all_rows(db, _CLAIM, leased_for=LEASED_FOR, limit=limit)
    return tuple(_lease(row) for row in rows)


def renew_lease(db: Connection, lease: MassLease) -> MassLease | None:
    """The lease that takes this one's place; None if it was used already, ran out, or the job does not run.

    So a task that comes twice goes on once.
    """
    row = one_row(db, _RENEW, id=lease.mass_revocation_id, lease=lease.lease, leased_for=LEASED_FOR)
    return None if row is None else _lease(row)


def lock_running(db: Connection, lease: MassLease) -> Running | None:
    """The job, locked until the transaction ends; None if the lease is somebody else's, or the job does not run."""
    row = one_row(db, _LOCK, id=lease.mass_revocation_id, lease=lease.lease, open_at_most=OPEN_AT_MOST)
    return None if row is None else _running(row, lease)


def record_batch(db: Connection, job: Running, batch: EndedBatch, *, pause: timedelta) -> None:
    """So many more have ended, the pass goes on after that place, and the next batch begins after the pause."""
    is_session, place = job.walking is CredentialType.SESSION, batch.place
    counts = {"sessions": batch.ended if is_session else 0, "tokens": 0 if is_session else batch.ended}
    run(
        db,
        _BATCH,
        id=job.lease.mass_revocation_id,
        stragglers=0 if job.is_first_pass else batch.ended,
        account_id=None if place is None else place.account_id,
        issued_at=None if place is None else place.issued_at,
        credential_id=None if place is None else place.credential_id,
        pause=pause,
        leased_for=LEASED_FOR + pause,
        **counts,
    )
    run(
        db,
        """
        UPDATE revocation SET sessions_ended = sessions_ended + %(sessions)s, tokens_ended = tokens_ended + %(tokens)s
         WHERE id = %(id)s
        """,
        id=job.revocation_id,
        **counts,
    )


def record_walking(db: Connection, lease: MassLease, kind: CredentialType) -> None:
    """The pass goes on with credentials of that kind."""
    run(
        db,
        "UPDATE mass_revocation SET walking = %(kind)s WHERE id = %(id)s",
        id=lease.mass_revocation_id,
        kind=kind,
    )


def record_next_pass(
    db: Connection, lease: MassLease, *, left_behind: int, kind: CredentialType, pause: timedelta
) -> None:
    """A further pass begins after the pause, since so many that match were left behind by this one."""
    run(
        db,
        """
        UPDATE mass_revocation
           SET pass = pass + 1, left_behind = %(left_behind)s, walking = %(kind)s,
               next_batch_at = greatest(next_batch_at, clock_timestamp() + %(pause)s::interval)
         WHERE id = %(id)s
        """,
        id=lease.mass_revocation_id,
        left_behind=left_behind,
        kind=kind,
        pause=pause,
    )


def record_done(db: Connection, lease: MassLease) -> None:
    """A pass has found that nothing is left."""
    run(
        db,
        """
        UPDATE mass_revocation
           SET state = 'done', finished_at = clock_timestamp(), left_behind = 0, lease = NULL, leased_until = NULL
         WHERE id = %(id)s
        """,
        id=lease.mass_revocation_id,
    )


def closures_of_this_transaction(db: Connection) -> Announced:
    """What this transaction has written to the closure log so far, to be said on the bus after its commit."""
    rows = all_rows(db, _CLOSURES)
    closures = (closure_from(row) for row in rows if row["action"] is not None)
    return Announced(
        system_identifier=str(rows[0]["system_identifier"]),
        closures=tuple(closure for closure in closures if closure is not None),
    )


def _lease(row: Row) -> MassLease:
    return MassLease(mass_revocation_id=MassRevocationId(row["id"]), lease=UUID(str(row["lease"])))


def _running(row: Row, lease: MassLease) -> Running:
    place = None
    if row["after_id"] is not None:
        place = Place(
            account_id=AccountId(row["after_account"]),
            issued_at=row["after_issued_at"],
            credential_id=row["after_id"],
        )
    return Running(
        lease=lease,
        aim=Aim(
            criteria=MassCriteria.from_json(row["criteria"]),
            what=MassWhat(row["what"]),
            issued_up_to=row["issued_up_to"],
            sparing_session_id=row["sparing_session_id"],
            sparing_token_id=row["sparing_token_id"],
        ),
        pace=row["pace"],
        revocation_id=RevocationId(row["revocation_id"]),
        walking=CredentialType(row["walking"]),
        place=place,
        is_first_pass=row["pass"] == 1,
        wait=max(row["wait"], timedelta(0)),
        is_settled=row["is_settled"],
        sessions_ended=row["sessions_ended"],
        tokens_ended=row["tokens_ended"],
    )


_CLAIM = """
UPDATE mass_revocation SET lease = gen_random_uuid(), leased_until = clock_timestamp() + %(leased_for)s::interval
 WHERE id IN (
       SELECT id FROM mass_revocation
        WHERE state = 'running' AND (leased_until IS NULL OR leased_until <= clock_timestamp())
        ORDER BY leased_until NULLS FIRST LIMIT %(limit)s
          FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, lease
"""
_RENEW = """
UPDATE mass_revocation SET lease = gen_random_uuid(), leased_until = clock_timestamp() + %(leased_for)s::interval
 WHERE id = %(id)s AND lease = %(lease)s AND state = 'running'
RETURNING id, lease
"""
_LOCK = """
SELECT m.*, m.next_batch_at - clock_timestamp() AS wait,
       pg_snapshot_xmin(pg_current_snapshot()) >= m.open_below
       OR m.started_at < clock_timestamp() - %(open_at_most)s::interval AS is_settled
  FROM mass_revocation m
 WHERE m.id = %(id)s AND m.lease = %(lease)s AND m.state = 'running'
   FOR NO KEY UPDATE
"""
_BATCH = """
UPDATE mass_revocation
   SET sessions_ended = sessions_ended + %(sessions)s, tokens_ended = tokens_ended + %(tokens)s,
       stragglers_ended = stragglers_ended + %(stragglers)s, after_account = %(account_id)s,
       after_issued_at = %(issued_at)s, after_id = %(credential_id)s,
       next_batch_at = greatest(now() + %(pause)s::interval, clock_timestamp()),
       leased_until = clock_timestamp() + %(leased_for)s::interval
 WHERE id = %(id)s
"""
_CLOSURES = """
SELECT here.system_identifier, c.*
  FROM pg_control_system() AS here
  LEFT JOIN (SELECT seq, xact_id::text, action, target_kind, target_key, reason, invalidates, revocation_id, created_at
               FROM closure
              WHERE xact_id = pg_current_xact_id() AND action = 'close') AS c ON true
 ORDER BY c.seq
"""
