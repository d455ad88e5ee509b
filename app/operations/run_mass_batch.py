"""One batch of a mass revocation: one transaction, in which credentials end and the job says how far it is."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from app.data.lock_waits import bound_statements
from app.data.mass_matches import EndedBatch, count_matches, end_matches, kinds_of
from app.data.mass_progress import (
    Running,
    closures_of_this_transaction,
    lock_running,
    record_batch,
    record_done,
    record_next_pass,
    record_walking,
)
from app.data.revocations import Announced, Ended, mark_transaction, record_performed
from app.domain.credentials import CredentialType
from app.domain.ids import RevocationId
from app.domain.mass_revocations import MassLease

__all__ = ["MassBatch", "run_mass_batch"]

BATCH = 1_000
"""At most, and never more than a second's pace."""
BATCH_TIMEOUT = timedelta(seconds=60)
LOOK_AGAIN_AFTER = timedelta(milliseconds=250)
"""For a pass that ended nothing, and left something behind that somebody holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MassBatch:
    """What a batch did: so many ended, and these closures are to be said after the commit.

    `wait`: nothing was done, since the pace lets the next batch begin only then. `is_over`: the job is done, and its
    revocation performed.
    """

    revocation_id: RevocationId
    ended: int = 0
    announced: Announced | None = None
    wait: timedelta = timedelta(0)
    is_over: bool = False


def run_mass_batch(db: Connection, lease: MassLease) -> MassBatch | None:
    """A batch has ended, and the job stands where it stopped: in one transaction, so that twice is once.

    Done is what a whole pass and a count after it find nothing left of, when no transaction is open any more that
    may commit something issued before the start. None: somebody else has the job, or it does not run.
    """
    job = lock_running(db, lease)
    if job is None:
        return None
    if job.wait:
        return MassBatch(revocation_id=job.revocation_id, wait=job.wait)
    bound_statements(db, BATCH_TIMEOUT)
    mark_transaction(db, job.revocation_id)
    batch = end_matches(db, job.aim, job.walking, after=job.place, limit=min(BATCH, job.pace))
    record_batch(db, job, batch, pause=timedelta(seconds=batch.ended / job.pace))
    return MassBatch(
        revocation_id=job.revocation_id,
        ended=batch.ended,
        announced=closures_of_this_transaction(db),
        is_over=batch.place is None and _turn(db, job, batch),
    )


def _turn(db: Connection, job: Running, batch: EndedBatch) -> bool:
    """At the end of one kind: on to the next, or to another pass over all; True if there is nothing left to do."""
    kinds = kinds_of(job.aim.what)
    following = kinds[kinds.index(job.walking) + 1 :]
    if following:
        record_walking(db, job.lease, following[0])
        return False
    # Counted after `is_settled` was read: what was committed between the two is in the count.
    left_behind = count_matches(db, job.aim).credentials
    if left_behind or not job.is_settled:
        pause = timedelta(0) if batch.ended else LOOK_AGAIN_AFTER
        record_next_pass(db, job.lease, left_behind=left_behind, kind=kinds[0], pause=pause)
        return False
    record_done(db, job.lease)
    record_performed(db, job.revocation_id, _ended_in_all(job, batch))
    return True


def _ended_in_all(job: Running, batch: EndedBatch) -> Ended:
    is_session = job.walking is CredentialType.SESSION
    return Ended(
        sessions=job.sessions_ended + (batch.ended if is_session else 0),
        tokens=job.tokens_ended + (0 if is_session else batch.ended),
    )
