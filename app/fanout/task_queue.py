"""The queue of tasks: its names, options and routes, and how the web side puts a task into it.

`worker.celery_app` imports its settings from here; nothing in `app` imports Celery. Tasks are sent by name. A task that
is lost costs time, never a revocation: that is a row, and sweeps look for it.
"""

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from app.config import Settings
from app.domain.ids import RevocationId
from app.domain.mass_revocations import MassLease
from app.fanout.daemon_executor import DaemonExecutor
from app.fanout.task_messages import task_message
from app.logs.tracing import span, traceparent

__all__ = [
    "CANARY",
    "DELIVER_WEBHOOKS",
    "EXPIRE_CREDENTIALS",
    "EXPIRE_SUPPORT_GRANTS",
    "PERFORM_REVOCATION",
    "PRUNE",
    "RESUME_MASS_REVOCATIONS",
    "RESUME_REVOCATIONS",
    "REVOCATIONS",
    "RUN_MASS_REVOCATION",
    "SETTLE_RECEIPTS",
    "TASK_ROUTES",
    "UPKEEP",
    "TaskQueue",
    "broker_options",
    "celery_settings",
]

REVOCATIONS: Final = "revocations"
UPKEEP: Final = "upkeep"

PERFORM_REVOCATION: Final = "worker.tasks.perform_revocation"
CANARY: Final = "worker.tasks.canary"
EXPIRE_SUPPORT_GRANTS: Final = "worker.tasks.expire_support_grants"
EXPIRE_CREDENTIALS: Final = "worker.tasks.expire_credentials"
RESUME_REVOCATIONS: Final = "worker.tasks.resume_revocations"
RUN_MASS_REVOCATION: Final = "worker.tasks.run_mass_revocation"
RESUME_MASS_REVOCATIONS: Final = "worker.tasks.resume_mass_revocations"
SETTLE_RECEIPTS: Final = "worker.tasks.settle_receipts"
PRUNE: Final = "worker.tasks.prune"
DELIVER_WEBHOOKS: Final = "worker.tasks.deliver_webhooks"

TASK_ROUTES: Final = {
    PERFORM_REVOCATION: {"queue": REVOCATIONS},
    CANARY: {"queue": REVOCATIONS},
    EXPIRE_SUPPORT_GRANTS: {"queue": UPKEEP},
    EXPIRE_CREDENTIALS: {"queue": UPKEEP},
    RESUME_REVOCATIONS: {"queue": UPKEEP},
    # A slice at a time, behind the sweeps: what people end one by one never waits for a job.
    RUN_MASS_REVOCATION: {"queue": UPKEEP},
    RESUME_MASS_REVOCATIONS: {"queue": UPKEEP},
    SETTLE_RECEIPTS: {"queue": UPKEEP},
    PRUNE: {"queue": UPKEEP},
    DELIVER_WEBHOOKS: {"queue": UPKEEP},
}

DEFAULT_ROUTE: Final = {"queue": UPKEEP}
VISIBILITY_TIMEOUT_S = 60
SENDING_THREADS = 2
PENDING_TASKS = 64
CLOSE_WITHIN_S = 1.0
KOMBU_UNIX = "redis+socket://"

_log = structlog.get_logger(__name__)


def broker_options(settings: Settings) -> dict[str, Any]:
    """Transport options for a worker and for beat: a broker that is gone is noticed within seconds.

    Queues are named under the namespace, so that two installations can share one Redis.
    """
    return {
        "global_keyprefix": _key_prefix(settings),
        "socket_timeout": 2,
        "socket_connect_timeout": 1,
        "health_check_interval": 5,
        "visibility_timeout": VISIBILITY_TIMEOUT_S,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
    }


def celery_settings(settings: Settings) -> dict[str, Any]:
    """What whoever sends tasks and whoever performs them must agree on."""
    return {
        "broker_url": _broker_url(settings),
        "broker_transport_options": broker_options(settings),
        "task_routes": TASK_ROUTES,
        "task_default_queue": DEFAULT_ROUTE["queue"],
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_publish_retry": False,
    }


class TaskQueue:
    """Sends tasks by name, from a node or a worker. Build it after the fork.

    Nothing is sent twice by itself; a task that was not taken in time may be in the queue all the same.
    """

    def __init__(self, settings: Settings) -> None:
        from app.fanout.publishing_client import impatient_client  # noqa: PLC0415 - beat does without

        self._timeout_s = settings.enqueue_timeout.total_seconds()
        self._prefix = _key_prefix(settings)
        self._redis = impatient_client(_client_url(settings), timeout_s=self._timeout_s)
        self._threads = DaemonExecutor(name="enqueue", threads=SENDING_THREADS, pending=PENDING_TASKS)

    async def enqueue_revocation(self, revocation_id: RevocationId) -> bool:
        """Whether the broker took the task within its bound; if not, the caller performs the revocation itself."""
        return await self._enqueue(PERFORM_REVOCATION, str(revocation_id))

    async def enqueue_mass_revocation(self, lease: MassLease) -> bool:
        """Whether the broker took the task within its bound; if not, a sweep takes the job up when the lease is over."""
        return await self._enqueue(RUN_MASS_REVOCATION, str(lease.mass_revocation_id), str(lease.lease))

    def send(self, task: str, *args: str, trace: str | None = None) -> None:
        """The broker has the task; blocks for as long as the broker does, within its time-outs.

        `trace` is who sends it (a `traceparent`), for the worker to take up. Raises: RedisError, OSError.
        """
        queue = TASK_ROUTES.get(task, DEFAULT_ROUTE)["queue"]
        self._redis.lpush(self._prefix + queue, task_message(task, args, queue=queue, trace=trace))

    def close(self) -> None:
        """No task is sent any more; takes a bounded time, also while a broker hangs."""
        self._threads.close(timeout_s=CLOSE_WITHIN_S)
        self._redis.connection_pool.disconnect()

    async def _enqueue(self, task: str, what: str, *args: str) -> bool:
        """`what` is the id in the first argument, which the log names."""
        with span("enqueue", kind="producer"):
            return await self._send_within_bound(task, what, *args, trace=traceparent())

    async def _send_within_bound(self, task: str, what: str, *args: str, trace: str | None) -> bool:
        sent = self._threads.submit(lambda: self.send(task, what, *args, trace=trace))
        if sent is None:
            _log.warning("enqueue_refused", task=task, id=what)
            return False
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.wrap_future(sent)
        except Exception as error:  # noqa: BLE001 - whatever kept the broker, the caller has to do it
            _log.warning("enqueue_failed", task=task, id=what, error=type(error).__name__)
            return False
        return True


def _key_prefix(settings: Settings) -> str:
    return f"{settings.namespace}:"


def _client_url(settings: Settings) -> str:
    """redis-py's spelling, also where the address came in kombu's."""
    return settings.broker_url.replace(KOMBU_UNIX, "unix://", 1)


def _broker_url(settings: Settings) -> str:
    """Kombu's spelling of the address: it calls a Unix socket `redis+socket`, and wants TLS's terms named."""
    url = settings.broker_url
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return url.replace("unix://", KOMBU_UNIX, 1)
    if parts.scheme == "rediss" and "ssl_cert_reqs" not in parts.query:
        return f"{url}{'&' if parts.query else '?'}ssl_cert_reqs=required"
    return url
