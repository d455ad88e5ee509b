"""Each task: a name, and one operation; its queue is in `TASK_ROUTES`. None retries by itself: sweeps do.

Twice is the same as once, and so are late and early: what is to be done is in the database, not in the message.
"""

from functools import partial
from uuid import UUID

from app.domain.ids import MassRevocationId, RevocationId
from app.domain.mass_revocations import MassLease
from app.fanout import task_queue
from app.operations.answer_canary import answer_canary
from app.operations.claim_mass_revocations import claim_mass_revocations
from app.operations.expire_credentials import expire_credentials as expire_due_credentials
from app.operations.expire_support_grants import expire_support_grants as expire_due_support_grants
from app.operations.prune import prune as prune_what_is_old
from app.operations.record_direct_ends import record_direct_ends
from app.operations.resume_revocations import resume_revocations as claim_unfinished_revocations
from app.operations.run_mass_revocation import run_mass_revocation as run_slice_of_mass_revocation
from app.operations.settle_receipts import settle_receipts as settle_open_receipts
from worker.celery_app import app
from worker.process import this_process


@app.task(name=task_queue.PERFORM_REVOCATION)
def perform_revocation(revocation_id: str) -> None:
    """The revocation is performed, published and audited, unless somebody else is at it."""
    this_process().crowd.perform(RevocationId(UUID(revocation_id)))


@app.task(name=task_queue.RESUME_REVOCATIONS)
def resume_revocations() -> None:
    """Revocations that nobody has finished are in the queue again."""
    mine = this_process()
    unfinished = partial(claim_unfinished_revocations, perform_within=mine.settings.perform_within)
    for revocation_id in mine.database.transact(unfinished):
        mine.queue.send(task_queue.PERFORM_REVOCATION, str(revocation_id))


@app.task(name=task_queue.RUN_MASS_REVOCATION)
def run_mass_revocation(mass_revocation_id: str, lease: str) -> None:
    """The job is a slice further, and in the queue again behind everybody else, if it can go on."""
    mine = this_process()
    held = MassLease(mass_revocation_id=MassRevocationId(UUID(mass_revocation_id)), lease=UUID(lease))
    for further in run_slice_of_mass_revocation(mine.database, mine.publisher, held):
        mine.queue.send(task_queue.RUN_MASS_REVOCATION, str(further.mass_revocation_id), str(further.lease))


@app.task(name=task_queue.RESUME_MASS_REVOCATIONS)
def resume_mass_revocations() -> None:
    """Running jobs that nobody is at are in the queue again."""
    mine = this_process()
    for held in mine.database.transact(claim_mass_revocations):
        mine.queue.send(task_queue.RUN_MASS_REVOCATION, str(held.mass_revocation_id), str(held.lease))


@app.task(name=task_queue.EXPIRE_SUPPORT_GRANTS)
def expire_support_grants() -> None:
    """Grants whose end has come are recorded as over, and the sessions under them are terminated."""
    this_process().sweep(expire_due_support_grants)


@app.task(name=task_queue.EXPIRE_CREDENTIALS)
def expire_credentials() -> None:
    """Sessions and API tokens whose end has come are marked as ended."""
    this_process().sweep(expire_due_credentials)


@app.task(name=task_queue.SETTLE_RECEIPTS)
def settle_receipts() -> None:
    """Receipts say what can be said now, though nobody reads them; those of ends by SQL have their numbers."""
    this_process().sweep(record_direct_ends)
    this_process().sweep(settle_open_receipts)


@app.task(name=task_queue.PRUNE)
def prune() -> None:
    """Old closures and the rows of dead nodes are gone."""
    mine = this_process()
    mine.sweep(partial(prune_what_is_old, log_kept=mine.settings.log_kept))


@app.task(name=task_queue.CANARY)
def canary() -> None:
    """It is on record that a worker came to it through the queue of revocations."""
    this_process().database.transact(answer_canary)


@app.task(name=task_queue.DELIVER_WEBHOOKS)
def deliver_webhooks() -> None:
    """What organizations are to be told is on its way to their webhooks, beside this process's tasks."""
    this_process().webhooks.wake()
