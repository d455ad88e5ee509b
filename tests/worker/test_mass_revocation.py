"""A mass revocation by a real worker: killed in the middle of a batch it is taken up again, and twice is once."""

import signal
from collections.abc import Callable
from datetime import timedelta

import pytest

from app.config import Settings
from app.data.engine import Database
from app.domain.mass_revocations import MassLease
from app.domain.receipts import ReceiptState
from app.fanout.task_queue import PERFORM_REVOCATION, RUN_MASS_REVOCATION, TaskQueue
from app.operations.end_own_session import end_own_session
from app.operations.pause_mass_revocation import pause_mass_revocation
from app.operations.read_receipt import read_receipt_as_operator
from app.operations.resume_mass_revocation import resume_mass_revocation
from tests.builders import Builders
from tests.operations.mass import OPERATOR, MassRun
from tests.operations.performing import Facts, RecordingPublisher
from tests.waiting import eventually
from tests.worker.conftest import CeleryProcess

pytestmark = pytest.mark.timeout(180)

CROWD = 60
PACE = 10
"""Batches of ten, one a second: time enough to break in between."""
TAKEN_UP_WITHIN_S = 40.0


@pytest.fixture
def mass(database: Database, settings: Settings) -> MassRun:
    return MassRun(database, RecordingPublisher(settings))


def sent(queue: TaskQueue, lease: MassLease) -> None:
    """As a node sends it, but with time for a busy machine."""
    queue.send(RUN_MASS_REVOCATION, str(lease.mass_revocation_id), str(lease.lease))


def ended(facts: Facts) -> int:
    return int(facts.value("SELECT sessions_ended FROM mass_revocation"))


def test_a_worker_killed_in_the_middle_of_a_batch_loses_that_batch_only_and_another_finishes(
    *,
    database: Database,
    mass: MassRun,
    make: Builders,
    facts: Facts,
    queue: TaskQueue,
    start_worker: Callable[..., CeleryProcess],
    start_beat: Callable[[], CeleryProcess],
):
    """B243, P13."""
    sessions = [make.session() for _ in range(CROWD)]
    worker = start_worker()
    lease = mass.begin(everyone=True, pace=PACE)
    sent(queue, lease)
    eventually(lambda: ended(facts) >= PACE)
    with database.session() as holder:
        # A refresh token of each that still lives is held: the next batch stops in its middle.
        holder.exec_driver_sql("SELECT id FROM refresh_token WHERE invalidated_at IS NULL FOR UPDATE")
        eventually(lambda: facts.waiting_for_locks() >= 1)
        before = ended(facts)
        worker.signal_all(signal.SIGKILL)

    assert PACE <= before < CROWD
    alive = facts.value("SELECT count(*) FROM session WHERE terminated_at IS NULL")
    assert alive == CROWD - before, "what was in the batch is as it was"
    start_worker()
    start_beat()
    eventually(
        lambda: bool(facts.value("SELECT state = 'done' FROM mass_revocation")), within_s=TAKEN_UP_WITHIN_S
    )

    assert ended(facts) == CROWD
    assert len(facts.closures()) == CROWD, "each once"
    assert facts.value("SELECT count(*) = 0 FROM session WHERE terminated_at IS NULL")
    (revocation,) = facts.rows("SELECT id, sessions_ended FROM revocation")
    assert revocation["sessions_ended"] == len(sessions)
    eventually(lambda: len(facts.successes(revocation["id"])) == 1)
    assert database.transact(read_receipt_as_operator, revocation["id"]).state is ReceiptState.CONFIRMED


def test_a_revocation_asked_by_a_person_does_not_wait_for_a_job_of_many_slices(
    *,
    database: Database,
    mass: MassRun,
    make: Builders,
    facts: Facts,
    queue: TaskQueue,
    start_worker: Callable[..., CeleryProcess],
):
    """B244: with one process for both queues."""
    for _ in range(CROWD):
        make.session()
    start_worker()
    sent(queue, mass.begin(everyone=True, pace=PACE))
    eventually(lambda: ended(facts) >= PACE)
    mine = make.session()

    requested = database.transact(end_own_session, caller=mine.caller, session_id=mine.session_id)
    queue.send(PERFORM_REVOCATION, str(requested.revocation_id))
    eventually(lambda: facts.revocation(requested.revocation_id)["audited_at"] is not None)

    waited = facts.value(
        "SELECT performed_at - requested_at FROM revocation WHERE id = %(id)s", id=requested.revocation_id
    )
    assert waited < timedelta(seconds=3), "the rest of a slice, and no more"
    assert ended(facts) < CROWD


def test_a_job_that_is_paused_stands_still_and_goes_on_when_it_is_resumed(
    *,
    database: Database,
    mass: MassRun,
    make: Builders,
    facts: Facts,
    queue: TaskQueue,
    start_worker: Callable[..., CeleryProcess],
):
    for _ in range(3 * PACE):
        make.session()
    start_worker()
    lease = mass.begin(everyone=True, pace=PACE)
    sent(queue, lease)
    eventually(lambda: ended(facts) >= PACE)
    job_id = lease.mass_revocation_id

    paused = database.transact(pause_mass_revocation, by=OPERATOR, mass_revocation_id=job_id)
    resumed = database.transact(resume_mass_revocation, by=OPERATOR, mass_revocation_id=job_id)
    assert resumed.job.ended == paused.ended
    assert resumed.lease is not None
    sent(queue, resumed.lease)
    eventually(lambda: bool(facts.value("SELECT state = 'done' FROM mass_revocation")), within_s=20)

    assert ended(facts) == 3 * PACE
    assert len(facts.closures()) == 3 * PACE
