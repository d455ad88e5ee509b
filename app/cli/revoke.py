"""`cutoff revoke`: ends a credential the way the handlers do, and waits for the receipt."""

import asyncio
from datetime import timedelta
from uuid import UUID

from app.cli.database import opened_database
from app.cli.exit_status import ExitStatus
from app.cli.receipt import show, wait_until_complete
from app.config import Settings, load_settings
from app.data.engine import Database
from app.domain.errors import Invalid
from app.domain.ids import RevocationId
from app.domain.receipts import Receipt
from app.fanout.publisher import Publisher
from app.fanout.task_queue import TaskQueue
from app.operations.perform import perform
from app.operations.revoke_as_operator import OperatorTarget, revoke_as_operator

__all__ = ["revoke_and_print"]

PERFORM_MARGIN = timedelta(seconds=1)
"""Beyond the instant at which a node would perform it: where no node runs either, we do."""


def revoke_and_print(kind: str, target_id: UUID, *, wait_s: float, as_json: bool) -> ExitStatus:
    """DONE if every node has confirmed within that time, NOT_SO if not. Raises: NotFound, Conflict, Invalid."""
    if kind not in set(OperatorTarget):
        raise Invalid("kind", f"none_of_{',_'.join(OperatorTarget)}")
    settings = load_settings()
    with opened_database(settings, purpose="revoke") as database, Publisher(settings) as publisher:
        requested = database.transact(revoke_as_operator, OperatorTarget(kind), target_id=target_id)
        revocation_id = requested.revocation_id
        if not _enqueued(settings, revocation_id):
            perform(database, publisher, revocation_id)
        receipt = _receipt(settings, database, publisher, revocation_id, patience=timedelta(seconds=wait_s))
    return show(receipt, as_json=as_json)


def _enqueued(settings: Settings, revocation_id: RevocationId) -> bool:
    queue = TaskQueue(settings)
    try:
        return asyncio.run(queue.enqueue_revocation(revocation_id))
    finally:
        queue.close()


def _receipt(
    settings: Settings,
    database: Database,
    publisher: Publisher,
    revocation_id: RevocationId,
    *,
    patience: timedelta,
) -> Receipt:
    """The receipt when it is complete; performed by us, where neither a worker nor a node has."""
    first = settings.perform_within + PERFORM_MARGIN
    receipt = wait_until_complete(database, revocation_id, patience=min(first, patience))
    if receipt.performed_at is None:
        perform(database, publisher, revocation_id)
    return wait_until_complete(database, revocation_id, patience=max(patience - first, timedelta(0)))
