"""A slice of a mass revocation: batch after batch, each committed and then said, at the job's pace."""

from datetime import timedelta

import structlog
from prometheus_client import Counter

from app.clock import boot_seconds, sleep_seconds
from app.data.engine import Database
from app.data.mass_progress import renew_lease
from app.domain.errors import Unavailable
from app.domain.mass_revocations import MassLease
from app.fanout.publisher import Publisher
from app.operations.perform import perform
from app.operations.run_mass_batch import MassBatch, run_mass_batch

__all__ = ["run_mass_revocation"]

SLICE = timedelta(seconds=1)
"""Then whoever asked for a revocation meanwhile comes first, and the job goes to the end of the queue."""

ENDED = Counter(
    "cutoff_mass_revocation_ended_total", "Credentials that mass revocations have ended in this process."
)

_log = structlog.get_logger(__name__)


def run_mass_revocation(database: Database, publisher: Publisher, lease: MassLease) -> tuple[MassLease, ...]:
    """The job is so much further; returns the lease to go on with, or none where nobody needs to.

    None is needed where the job is over, does not run, is somebody else's (a lease is good once), or can do nothing
    for now: a sweep takes it up again. As `perform` it spans transactions: what a batch ended stays ended wherever
    this process dies, and the batch that was not committed is the next one's.

    Raises: Unavailable while the database is away.
    """
    until = boot_seconds() + SLICE.total_seconds()
    renewed = database.transact(renew_lease, lease)
    if renewed is None:
        return ()
    ended, tried = 0, 0
    while boot_seconds() < until:
        batch = database.transact(run_mass_batch, renewed)
        if batch is None or _tell(database, publisher, batch):
            return ()
        ended, tried = ended + batch.ended, tried + (not batch.wait)
        if batch.wait:
            sleep_seconds(min(batch.wait.total_seconds(), max(until - boot_seconds(), 0)))
    is_held_up = tried and not ended
    return () if is_held_up else (renewed,)


def _tell(database: Database, publisher: Publisher, batch: MassBatch) -> bool:
    """What has ended is said on the bus; True if that was all, and the trail has its event."""
    ENDED.inc(batch.ended)
    if batch.announced is not None and batch.announced.closures:
        # Failing to say it costs time, not a closure: nodes read the log.
        publisher.publish(batch.announced.closures, system_identifier=batch.announced.system_identifier)
    if batch.is_over:
        _finish(database, publisher, batch)
    return batch.is_over


def _finish(database: Database, publisher: Publisher, batch: MassBatch) -> None:
    """Its revocation is performed already: it is published once more and audited, now or by the sweep of all."""
    try:
        perform(database, publisher, batch.revocation_id)
    except Unavailable as error:
        _log.warning(
            "mass_revocation_not_audited_yet", revocation_id=str(batch.revocation_id), error=error.what
        )
