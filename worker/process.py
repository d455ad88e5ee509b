"""What one worker process owns, built after the fork."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from app.clock import boot_seconds
from app.config import Settings
from app.data.engine import Database
from app.fanout.publisher import Publisher
from app.fanout.task_queue import TaskQueue
from app.logs import set_up_logs
from app.logs.tracing import set_up_tracing, stop_tracing
from worker.crowd import Crowd
from worker.watching import show_metrics
from worker.webhook_deliverer import WebhookDeliverer

__all__ = ["Process", "close_process", "open_process", "this_process"]

POOL_SIZE = 2
"""A process performs one task at a time, and beside it one webhook."""
SWEEP_FOR_S = 1.0
"""Then a sweep makes room for what people have asked for meanwhile, and goes on when beat calls again."""


@dataclass(frozen=True, slots=True)
class Process:
    """The connections of this process, and its settings."""

    settings: Settings
    database: Database
    publisher: Publisher
    queue: TaskQueue
    webhooks: WebhookDeliverer
    crowd: Crowd

    def sweep(self, operation: Callable[[Connection], object]) -> None:
        """The operation has run, a transaction each time, until it found nothing more to do or was at it for long."""
        until = boot_seconds() + SWEEP_FOR_S
        while self.database.transact(operation) and boot_seconds() < until:
            pass


def open_process(settings: Settings, *, number: int = 0) -> None:
    """This process has connections of its own, none of them in use by its parent; opened when first needed.

    `number` counts the processes of one worker from 0: each shows its metrics on a port of its own.
    """
    close_process()
    name = f"{socket.gethostname()}-{os.getpid()}"
    set_up_logs(settings.env, worker=name)
    set_up_tracing(settings, service="cutoff-worker", instance=name)
    show_metrics(settings.worker_metrics, number=number)
    own = settings.model_copy(update={"pool_size": POOL_SIZE})
    database = Database(own, application_name="cutoff worker")
    webhooks = WebhookDeliverer(own, database)
    publisher = Publisher(own)
    _OWNED.append(Process(own, database, publisher, TaskQueue(own), webhooks, Crowd(database, publisher)))


def close_process() -> None:
    """The connections are closed; may be called twice."""
    while _OWNED:
        owned = _OWNED.pop()
        owned.webhooks.close()
        owned.queue.close()
        owned.publisher.close()
        owned.database.dispose()
    stop_tracing()


def this_process() -> Process:
    """What this process owns. Raises: LookupError before `open_process`, as in a thread pool, which has no fork."""
    if not _OWNED:
        raise LookupError("no process has been opened: run the worker with the prefork or the solo pool")
    return _OWNED[-1]


_OWNED: list[Process] = []
