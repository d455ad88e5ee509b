"""What one worker process owns, built after the fork."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from app.config import Settings
from app.data.engine import Database
from app.fanout.publisher import Publisher
from app.fanout.task_queue import TaskQueue

__all__ = ["Process", "close_process", "open_process", "this_process"]

POOL_SIZE = 2
"""A process performs one task at a time."""
BATCHES_AT_ONCE = 20
"""Then a sweep makes room for what is queued behind it, and goes on when beat calls again."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Process:
    """The connections of this process, and its settings."""

    settings: Settings
    database: Database
    publisher: Publisher
    queue: TaskQueue

    def sweep(self, operation: Callable[[Session], object]) -> None:
        """The operation has run, a transaction each time, until it found nothing more to do or was at it for long."""
        for _ in range(BATCHES_AT_ONCE):
            if not self.database.transact(operation):
                return


def open_process(settings: Settings) -> None:
    """This process has connections of its own, none of them in use by its parent; opened when first needed."""
    close_process()
    own = settings.model_copy(update={"pool_size": POOL_SIZE})
    _OWNED.append(
        Process(own, Database(own, application_name="cutoff worker"), Publisher(own), TaskQueue(own))
    )


def close_process() -> None:
    """The connections are closed; may be called twice."""
    while _OWNED:
        owned = _OWNED.pop()
        owned.queue.close()
        owned.publisher.close()
        owned.database.dispose()


def this_process() -> Process:
    """What this process owns. Raises: LookupError before `open_process`, as in a thread pool, which has no fork."""
    if not _OWNED:
        raise LookupError("no process has been opened: run the worker with the prefork or the solo pool")
    return _OWNED[-1]


_OWNED: list[Process] = []
