"""The trail: one's own events, an organization's for its admins, everything for Global Admins."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.http.deps import deps_of
from app.http.identity import GuardedRoute, NoSupportSession
from app.http.schemas_audit_events import AuditEventView
from app.http.shapes import PageView, Paging, page_view
from app.operations.list_audit_events import list_audit_events

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/audit-events", tags=["audit"], route_class=GuardedRoute)

Word = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@routes.get("")
async def audit_events(
    *,
    request: Request,
    caller: NoSupportSession,
    page: Paging,
    org: Word = None,
    type: Word = None,  # noqa: A002 - the name of the query parameter
) -> PageView[AuditEventView]:
    """The events in the caller's scope, newest first; of one organization or one type if asked."""
    found = await deps_of(request).bridge.run(list_audit_events, caller=caller, org=org, type=type, page=page)
    return page_view(AuditEventView, found)
