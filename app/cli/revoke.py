"""`cutoff revoke`: says what would end, asks, ends it the way the handlers do, and waits for the receipt."""

import asyncio
from datetime import timedelta
from uuid import UUID

from app.cli.confirmation import confirm
from app.cli.database import opened_database
from app.cli.exit_status import ExitStatus
from app.cli.preview_view import preview_as_json, preview_in_words
from app.cli.receipt import filling_in, show, wait_until_complete
from app.config import Settings, load_settings
from app.data.engine import Database
from app.domain.errors import Invalid
from app.domain.ids import RevocationId
from app.domain.operator_target import OperatorTarget
from app.domain.previews import Preview
from app.domain.receipts import Receipt
from app.fanout.announcer import say
from app.fanout.publisher import Publisher
from app.fanout.task_queue import TaskQueue
from app.operations.look_as_operator import find_account_as_operator
from app.operations.perform import perform
from app.operations.preview_as_operator import preview_as_operator
from app.operations.revoke_as_operator import revoke_as_operator

__all__ = ["print_plan", "revoke_and_print"]

PERFORM_MARGIN = timedelta(seconds=1)
"""Beyond the instant at which a node would perform it: where no node runs either, we do."""


def print_plan(kind: OperatorTarget, target: str, *, as_json: bool) -> None:
    """What would end is printed, and nothing has. Raises: NotFound, Conflict, Invalid."""
    with opened_database(load_settings(), purpose="revoke") as database:
        _, preview = _preview(database, kind, target)
    print(preview_as_json(preview) if as_json else f"Would end: {preview_in_words(preview)}")


def revoke_and_print(
    kind: OperatorTarget, target: str, *, yes: bool, wait_s: float, as_json: bool
) -> ExitStatus:
    """DONE if every node has confirmed within that time, NOT_SO if not.

    Raises: NotFound, Conflict, Invalid; NothingDone and CommandRefused where nobody has agreed.
    """
    settings = load_settings()
    with opened_database(settings, purpose="revoke") as database, Publisher(settings) as publisher:
        target_id, preview = _preview(database, kind, target)
        confirm(f"This ends {preview_in_words(preview)} Go on?", yes=yes)
        requested = database.transact(revoke_as_operator, kind, target_id=target_id)
        if requested.stamped is not None:
            say(publisher, requested.stamped)
        if not _enqueued(settings, requested.revocation_id):
            perform(database, publisher, requested.revocation_id)
        patience = timedelta(seconds=wait_s)
        receipt = _receipt(settings, database, publisher, requested.revocation_id, patience=patience)
    return show(receipt, as_json=as_json)


def _preview(database: Database, kind: OperatorTarget, target: str) -> tuple[UUID, Preview]:
    target_id = _id_of(database, kind, target)
    return target_id, database.transact(preview_as_operator, kind, target_id=target_id)


def _id_of(database: Database, kind: OperatorTarget, target: str) -> UUID:
    if kind not in _HAVE_NO_NAME:
        return database.transact(find_account_as_operator, target)
    try:
        return UUID(target)
    except ValueError:
        raise Invalid("target", "not_an_id") from None


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
    with filling_in() as seen:
        receipt = wait_until_complete(database, revocation_id, patience=min(first, patience), seen=seen)
        if receipt.performed_at is None:
            perform(database, publisher, revocation_id)
        rest = max(patience - first, timedelta(0))
        return wait_until_complete(database, revocation_id, patience=rest, seen=seen)


_HAVE_NO_NAME = frozenset({OperatorTarget.SESSION, OperatorTarget.TOKEN, OperatorTarget.GRANT})
