"""Delivers what is waiting in the outbox: claimed in one transaction, sent in none, marked in another."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import structlog
from prometheus_client import Counter

from app.data.engine import Database
from app.data.webhook_deliveries import (
    Delivery,
    claim_delivery,
    give_up_deliveries,
    mark_delivered,
    mark_failed,
)

__all__ = ["SendWebhook", "deliver_webhook"]

SendWebhook: TypeAlias = Callable[[Delivery], str | None]
"""Sends it and answers None if it was taken, else a word or two on what kept it; never raises, in bounded time."""

ATTEMPTS = Counter("cutoff_webhook_attempts_total", "Attempts to deliver a webhook.", ["outcome"])
GIVEN_UP = Counter(
    "cutoff_webhooks_given_up_total", "Webhooks that nobody took for days; they are not tried again."
)

_log = structlog.get_logger(__name__)


def deliver_webhook(database: Database, send: SendWebhook, *, give_up_after: timedelta) -> bool:
    """The next webhook that is due has been tried; False when none is left.

    It is at least once, under one id: whoever dies between sending and marking has it sent again. What was not
    taken for `give_up_after` is not tried any more.
    """
    given_up = database.transact(give_up_deliveries, after=give_up_after)
    if given_up:
        GIVEN_UP.inc(given_up)
        _log.warning("webhooks_given_up", count=given_up)
    delivery = database.transact(claim_delivery)
    if delivery is None:
        return False
    problem = send(delivery)
    ATTEMPTS.labels("delivered" if problem is None else "failed").inc()
    if problem is None:
        database.transact(mark_delivered, delivery)
    else:
        _log.info(
            "webhook_not_taken", notice_id=str(delivery.notice_id), problem=problem, attempt=delivery.attempt
        )
        database.transact(mark_failed, delivery, problem=problem)
    return True
