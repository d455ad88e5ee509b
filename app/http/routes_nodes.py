"""The nodes of the fleet, the silent ones included."""

from fastapi import APIRouter, Request

from app.http.deps import deps_of
from app.http.identity import GlobalAdmin, GuardedRoute
from app.http.schemas_nodes import NodeView
from app.http.shapes import PageView, Paging, page_view
from app.operations.list_nodes import list_nodes

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/nodes", tags=["nodes"], route_class=GuardedRoute)


@routes.get("")
async def nodes(request: Request, _caller: GlobalAdmin, page: Paging) -> PageView[NodeView]:
    """Each node, whether it can prove that it is current, and whether it hears the doorbell."""
    found = await deps_of(request).bridge.run(list_nodes, cursor=page.cursor, limit=page.limit)
    return page_view(NodeView, found)
