"""What a worker's process counts and traces of its tasks, and where that can be read."""

from contextlib import AbstractContextManager

import structlog
from prometheus_client import Counter, Histogram, start_http_server

from app.clock import boot_seconds
from app.logs.tracing import Noted, span

__all__ = ["show_metrics", "task_begins", "task_ends"]

TASKS = Counter("cutoff_tasks_total", "Tasks that this process has carried out.", ["task", "outcome"])
DURATION = Histogram("cutoff_task_seconds", "How long a task took.", ["task"])

_log = structlog.get_logger(__name__)


def show_metrics(address: str | None, *, number: int) -> None:
    """`/metrics` is served by a thread at that `host:port`, or `number` ports higher; nothing happens without an address.

    A port that is taken costs the numbers, never the worker.
    """
    if address is None or _SHOWN:
        return
    host, port = address.rsplit(":", 1)
    try:
        start_http_server(int(port) + number, host)
    except OSError as error:
        _log.warning("metrics_not_shown", address=address, number=number, error=type(error).__name__)
        return
    _SHOWN.append(int(port) + number)


def task_begins(task_id: str, *, name: str, trace: str | None) -> None:
    """Time runs; a task that came with a trace is a span of it."""
    noted = None if trace is None else span(f"task {_short(name)}", kind="consumer", parent=trace)
    if noted is not None:
        noted.__enter__()
    _RUNNING[task_id] = boot_seconds(), noted


def task_ends(task_id: str, *, name: str, outcome: str) -> None:
    """It is counted, and its span has ended."""
    began, noted = _RUNNING.pop(task_id, (None, None))
    TASKS.labels(_short(name), outcome).inc()
    if began is not None:
        DURATION.labels(_short(name)).observe(boot_seconds() - began)
    if noted is not None:
        noted.__exit__(None, None, None)


def _short(name: str) -> str:
    return name.rpartition(".")[2]


_RUNNING: dict[str, tuple[float, AbstractContextManager[Noted] | None]] = {}
_SHOWN: list[int] = []
