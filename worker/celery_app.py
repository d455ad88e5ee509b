"""The Celery application and its settings: JSON only, late acknowledgement, no ETA, nothing retried by itself.

A task that is lost or comes twice costs time, never a revocation: each is a row, and safe to perform again.
"""

from datetime import timedelta
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import (
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
)
from celery.utils.log import current_process_index
from kombu.entity import Exchange, Queue

from app.config import Settings, SettingsError, load_settings
from app.fanout.task_queue import REVOCATIONS, UPKEEP, celery_settings
from beat_schedule import BEAT_SCHEDULE
from worker import watching

__all__ = ["app"]

TASK_LIMIT = timedelta(minutes=3)
"""Everything a task waits for has a shorter bound of its own; a task that hangs all the same ends with its process."""
SHUTDOWN_GRACE = timedelta(seconds=10)


def _settings() -> Settings:
    """Those of the environment; a value that is wrong stops the start with one sentence."""
    try:
        return load_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None


def _configuration() -> dict[str, Any]:
    """Asked for when Celery first needs it, not when this module is imported."""
    return {
        **celery_settings(_settings()),
        "task_queues": [_queue(REVOCATIONS), _queue(UPKEEP)],
        "task_create_missing_queues": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_time_limit": TASK_LIMIT.total_seconds(),
        "worker_prefetch_multiplier": 1,
        "worker_soft_shutdown_timeout": SHUTDOWN_GRACE.total_seconds(),
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # What a task logs is a line of JSON already, and stays one.
        "worker_redirect_stdouts": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "enable_utc": True,
        "beat_schedule": BEAT_SCHEDULE,
        # In memory: several beats of one machine share no file, and none is left behind.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_max_loop_interval": 1,
    }


def _queue(name: str) -> Queue:
    """As Celery declares it for those who send by a queue's name alone."""
    return Queue(name, Exchange(name), routing_key=name)


app = Celery("cutoff")
app.add_defaults(_configuration)


@worker_init.connect(weak=False)
def _know_the_tasks(**_: object) -> None:
    """Before the fork, so that the processes share the memory. Beat, which only names them, does without."""
    import_module("worker.tasks")


@worker_process_init.connect(weak=False)
def _open(**_: object) -> None:
    from worker import process  # noqa: PLC0415 - beat does without

    process.open_process(_settings(), number=current_process_index(base=0) or 0)


@task_prerun.connect(weak=False)
def _begin(task_id: str, task: Any, **_: object) -> None:
    watching.task_begins(task_id, name=task.name, trace=task.request.get("traceparent"))


@task_postrun.connect(weak=False)
def _end(task_id: str, task: Any, state: str | None = None, **_: object) -> None:
    watching.task_ends(task_id, name=task.name, outcome=(state or "unknown").lower())


@worker_process_shutdown.connect(weak=False)
def _close(**_: object) -> None:
    from worker import process  # noqa: PLC0415 - beat does without

    process.close_process()
