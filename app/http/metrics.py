"""`/metrics`, for Prometheus."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from app.http.deps import deps_of

__all__ = ["routes"]

CURRENT = Gauge("cutoff_node_current", "1 while the node can prove that it knows what is true.")
SUBSCRIBED = Gauge("cutoff_node_subscribed", "1 while the node hears the doorbell.")
SOCKETS = Gauge("cutoff_node_sockets", "Sockets that the node holds.")

routes = APIRouter(tags=["health"])


@routes.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """The process's numbers in Prometheus' text format."""
    node = deps_of(request).node
    CURRENT.set(node.is_current)
    SUBSCRIBED.set(node.is_subscribed)
    SOCKETS.set(node.sockets)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
