"""`/metrics`, for Prometheus."""

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
OLDEST_WAITING = Gauge(
    "cutoff_revocation_oldest_waiting_seconds",
    "How long the oldest revocation has waited to be performed; NaN: unknown.",
)
RECEIPTS_OPEN = Gauge("cutoff_receipts_open", "Receipts that are not complete; NaN: unknown.")
CANARY_AGE = Gauge(
    "cutoff_worker_canary_age_seconds",
    "Since when no worker has taken a task from the revocations' queue; NaN: unknown.",
)

routes = APIRouter(tags=["health"])


@routes.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """The process's numbers in Prometheus' text format."""
    node = deps_of(request).node
    CURRENT.set(node.is_current)
    SUBSCRIBED.set(node.is_subscribed)
    SOCKETS.set(node.sockets)
    await _measure_backlog(deps_of(request).bridge)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _measure_backlog(bridge: Bridge) -> None:
    """From the database; without it the other numbers are still worth having."""
    try:
        backlog = await bridge.run(measure_backlog)
    except CutoffError:
        for gauge in (OLDEST_WAITING, RECEIPTS_OPEN, CANARY_AGE):
            gauge.set(nan)
        return
    OLDEST_WAITING.set(backlog.oldest_waiting.total_seconds())
    RECEIPTS_OPEN.set(backlog.receipts_open)
    CANARY_AGE.set(nan if backlog.canary_age is None else backlog.canary_age.total_seconds())
