"""Requests for support access: a Global Admin's buttons make and withdraw them, an admin's decide."""

from fastapi import Request, Response

from app.domain.errors import Conflict, Invalid
from app.http.deps import deps_of
from app.http.pages.acting import see_other
from app.http.pages.forms import fields_of, instant_from, instant_required
from app.http.pages.support import org_asked, support_address, support_page_again
from app.http.pages.support_sessions import doors_page_again
from app.http.pages.visitor import PageVisitor, page_router
from app.http.path_ids import SupportRequestPath
from app.operations.approve_support_request import approve_support_request
from app.operations.decline_support_request import decline_support_request
from app.operations.request_support_access import request_support_access
from app.operations.withdraw_support_request import withdraw_support_request

__all__ = ["routes"]

routes = page_router()


@routes.post("/support/requests/{request_id}/approve")
async def approve(request: Request, visitor: PageVisitor, request_id: SupportRequestPath) -> Response:
    """Whoever asked is let in, as asked for or for less; or the page again, with what was wrong."""
    deps, fields = deps_of(request), await fields_of(request)
    org = org_asked(fields, visitor)
    try:
        await deps.bridge.run(
            approve_support_request,
            caller=visitor.caller,
            org=org,
            request_id=request_id,
            expires_at=instant_from(fields, "expires_at"),
            read_only="read_only" in fields,
            maximum=deps.settings.grant_maximum,
        )
    except (Conflict, Invalid) as refused:
        return await support_page_again(request, visitor, refused, {"org": org})
    return see_other(support_address(org))


@routes.post("/support/requests/{request_id}/decline")
async def decline(request: Request, visitor: PageVisitor, request_id: SupportRequestPath) -> Response:
    """Declined, for good."""
    fields = await fields_of(request)
    org = org_asked(fields, visitor)
    try:
        await deps_of(request).bridge.run(
            decline_support_request, caller=visitor.caller, org=org, request_id=request_id
        )
    except Conflict as refused:
        return await support_page_again(request, visitor, refused, {"org": org})
    return see_other(support_address(org))


@routes.post("/support-sessions/requests")
async def ask(request: Request, visitor: PageVisitor) -> Response:
    """The organization is asked; or the page again, with what was wrong."""
    deps, fields = deps_of(request), await fields_of(request)
    try:
        await deps.bridge.run(
            request_support_access,
            caller=visitor.caller,
            org=fields.get("org", "").strip(),
            expires_at=instant_required(fields, "expires_at"),
            reason=fields.get("reason", ""),
            read_only="read_only" in fields,
            maximum=deps.settings.grant_maximum,
        )
    except (Conflict, Invalid) as refused:
        return await doors_page_again(request, visitor, refused, fields)
    return see_other("/support-sessions")


@routes.post("/support-sessions/requests/{request_id}/withdraw")
async def withdraw(request: Request, visitor: PageVisitor, request_id: SupportRequestPath) -> Response:
    """Withdrawn, for good."""
    fields = await fields_of(request)
    try:
        await deps_of(request).bridge.run(
            withdraw_support_request,
            caller=visitor.caller,
            org=fields.get("org", ""),
            request_id=request_id,
        )
    except Conflict as refused:
        return await doors_page_again(request, visitor, refused, {})
    return see_other("/support-sessions")
