"""The trail: one's own events, an organization's for its admins, everything for Global Admins."""

from fastapi import APIRouter, Request

from app.http.deps import deps_of
from app.http.identity import GuardedRoute, NoSupportSession
from app.http.schemas_audit_events import AuditEventView
from app.http.searching import Trail, Word
from app.http.shapes import PageView, Paging, page_view
from app.operations.list_audit_events import list_audit_events

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/audit-events", tags=["audit"], route_class=GuardedRoute)


@routes.get("")
async def audit_events(
    *, request: Request, caller: NoSupportSession, page: Paging, search: Trail, org: Word = None
) -> PageView[AuditEventView]:
    """The events in the caller's scope, newest first; of one organization, or what answers a search."""
    found = await deps_of(request).bridge.run(
        list_audit_events, caller=caller, org=org, search=search, page=page
    )
    return page_view(AuditEventView, found)
