"""`/metrics`, for Prometheus."""

from datetime import timedelta
from math import nan

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from app.bridge import Bridge
from app.domain.errors import CutoffError
from app.http.deps import deps_of
from app.operations.measure_backlog import measure_backlog

__all__ = ["routes"]

CURRENT = Gauge("cutoff_node_current", "1 while the node can prove that it knows what is true.")
SUBSCRIBED = Gauge("cutoff_node_subscribed", "1 while the node hears the doorbell.")
SOCKETS = Gauge("cutoff_node_sockets", "Sockets that the node holds.")
TAIL_AGE = Gauge(
    "cutoff_node_tail_age_seconds",
    "Since the last good poll of the closure log was sent; NaN: there was none yet.",
)
DOORBELL_AGE = Gauge(
    "cutoff_node_doorbell_age_seconds", "Since the node last heard its own echo on Redis; NaN: never yet."
)
TRIGGERS_MISSING = Gauge(
    "cutoff_node_triggers_missing",
    "Triggers of the closure log that are missing or disabled; NaN: not looked yet.",
)
OLDEST_WAITING = Gauge(
    "cutoff_revocation_oldest_waiting_seconds",
    "How long the oldest revocation has waited to be performed; NaN: unknown.",
)
STUCK = Gauge(
    "cutoff_revocations_stuck",
    "Revocations not performed, published and audited after half a minute; NaN: unknown.",
)
RECEIPTS_OPEN = Gauge("cutoff_receipts_open", "Receipts that are not complete; NaN: unknown.")
OLDEST_OPEN = Gauge(
    "cutoff_receipt_oldest_open_seconds",
    "How long ago the oldest receipt was asked for that is not complete; NaN: unknown.",
)
CANARY_AGE = Gauge(
    "cutoff_worker_canary_age_seconds",
    "Since when no worker has taken a task from the revocations' queue; NaN: unknown.",
)
BACKLOG = (OLDEST_WAITING, STUCK, RECEIPTS_OPEN, OLDEST_OPEN, CANARY_AGE)

routes = APIRouter(tags=["health"])


@routes.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """The process's numbers in Prometheus' text format."""
    node = deps_of(request).node
    CURRENT.set(node.is_current)
    SUBSCRIBED.set(node.is_subscribed)
    SOCKETS.set(node.sockets)
    TAIL_AGE.set(_seconds(node.tail_age))
    DOORBELL_AGE.set(_seconds(node.doorbell_age))
    missing = node.triggers_missing
    TRIGGERS_MISSING.set(nan if missing is None else len(missing))
    await _measure_backlog(deps_of(request).bridge)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _measure_backlog(bridge: Bridge) -> None:
    """From the database; without it the other numbers are still worth having."""
    try:
        backlog = await bridge.run(measure_backlog)
    except CutoffError:
        for gauge in BACKLOG:
            gauge.set(nan)
        return
    OLDEST_WAITING.set(backlog.oldest_waiting.total_seconds())
    STUCK.set(backlog.stuck)
    RECEIPTS_OPEN.set(backlog.receipts_open)
    OLDEST_OPEN.set(backlog.oldest_open.total_seconds())
    CANARY_AGE.set(_seconds(backlog.canary_age))


def _seconds(age: timedelta | None) -> float:
    return nan if age is None else age.total_seconds()
