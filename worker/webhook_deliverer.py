"""Delivers webhooks beside the tasks: whoever answers slowly, or never, keeps no revocation waiting."""

from collections.abc import Callable
from functools import partial

import structlog

from app.config import Settings
from app.data.engine import Database
from app.domain.errors import CutoffError
from app.fanout.daemon_executor import DaemonExecutor
from app.operations.deliver_webhook import deliver_webhook
from worker.webhook_sender import WebhookSender

__all__ = ["WebhookDeliverer"]

CLOSE_WITHIN_S = 2.0

_log = structlog.get_logger(__name__)


class WebhookDeliverer:
    """One at a time for this process, on a thread of its own; what it leaves undone another process takes up."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._deliver_next: Callable[[], bool] = partial(
            deliver_webhook,
            database,
            WebhookSender(allow_private=settings.webhook_private_addresses),
            give_up_after=settings.webhook_give_up_after,
        )
        self._thread = DaemonExecutor(name="webhooks", threads=1, pending=1)
        self._is_closing = False

    def wake(self) -> None:
        """What is due is delivered, soon; returns at once, also while it is at it already."""
        _under_way = self._thread.submit(self._deliver_what_is_due)

    def close(self) -> None:
        """No further one begins; what is on its way has a moment, and is sent again if that was not enough."""
        self._is_closing = True
        self._thread.close(timeout_s=CLOSE_WITHIN_S)

    def _deliver_what_is_due(self) -> None:
        try:
            while not self._is_closing and self._deliver_next():
                pass
        except CutoffError as error:
            _log.warning("webhooks_not_delivered", error=type(error).__name__)
