"""Requests for support access: a Global Admin makes and withdraws them, an organization's admins decide."""

from fastapi import APIRouter, Request

from app.http.deps import deps_of
from app.http.identity import GlobalAdmin, GuardedRoute, NoSupportSession
from app.http.path_ids import OrgPath, SupportRequestPath
from app.http.schemas_support_access import GrantView
from app.http.schemas_support_requests import ApprovalBody, SupportRequestBody, SupportRequestView
from app.http.shapes import PageView, Paging, page_view
from app.operations.approve_support_request import approve_support_request
from app.operations.decline_support_request import decline_support_request
from app.operations.list_support_requests import list_support_requests
from app.operations.request_support_access import request_support_access
from app.operations.withdraw_support_request import withdraw_support_request

__all__ = ["routes"]

routes = APIRouter(
    prefix="/v1/orgs/{org}/support-requests", tags=["support access"], route_class=GuardedRoute
)


@routes.get("")
async def list_requests(
    request: Request, caller: NoSupportSession, org: OrgPath, page: Paging
) -> PageView[SupportRequestView]:
    """The requests made of the organization, newest first; to a Global Admin from outside, their own."""
    found = await deps_of(request).bridge.run(list_support_requests, caller=caller, org=org, page=page)
    return page_view(SupportRequestView, found)


@routes.post("", status_code=201)
async def make_request(
    request: Request, caller: GlobalAdmin, org: OrgPath, body: SupportRequestBody
) -> SupportRequestView:
    """The organization's admins see it and are told. Undecided, it lapses after seven days."""
    deps = deps_of(request)
    made = await deps.bridge.run(
        request_support_access,
        caller=caller,
        org=org,
        expires_at=body.expires_at,
        reason=body.reason,
        read_only=body.read_only,
        maximum=deps.settings.grant_maximum,
    )
    return SupportRequestView.model_validate(made)


@routes.post("/{request_id}/approve", status_code=201)
async def approve(
    *,
    request: Request,
    caller: NoSupportSession,
    org: OrgPath,
    request_id: SupportRequestPath,
    body: ApprovalBody,
) -> GrantView:
    """The grant that this gives: to whoever asked, and to nobody else."""
    deps = deps_of(request)
    given = await deps.bridge.run(
        approve_support_request,
        caller=caller,
        org=org,
        request_id=request_id,
        expires_at=body.expires_at,
        read_only=body.read_only,
        maximum=deps.settings.grant_maximum,
    )
    return GrantView.model_validate(given)


@routes.post("/{request_id}/decline")
async def decline(
    request: Request, caller: NoSupportSession, org: OrgPath, request_id: SupportRequestPath
) -> SupportRequestView:
    """Declined, for good; another request can be made."""
    declined = await deps_of(request).bridge.run(
        decline_support_request, caller=caller, org=org, request_id=request_id
    )
    return SupportRequestView.model_validate(declined)


@routes.post("/{request_id}/withdraw")
async def withdraw(
    request: Request, caller: NoSupportSession, org: OrgPath, request_id: SupportRequestPath
) -> SupportRequestView:
    """Withdrawn, for good, by whoever made it."""
    withdrawn = await deps_of(request).bridge.run(
        withdraw_support_request, caller=caller, org=org, request_id=request_id
    )
    return SupportRequestView.model_validate(withdrawn)
