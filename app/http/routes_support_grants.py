"""Support access grants: an organization's admins give, move and revoke them."""

from fastapi import APIRouter, Request, Response

from app.domain.ids import AccountId
from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of
from app.http.identity import GuardedRoute, NoSupportSession
from app.http.path_ids import GrantPath, OrgPath
from app.http.revoking import REVOKES, asking, revoke
from app.http.schemas_support_access import GrantBody, GrantEndBody, GrantView
from app.http.shapes import PageView, Paging, page_view
from app.operations.list_support_grants import list_support_grants
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.save_support_grant import save_support_grant
from app.operations.update_support_grant import update_support_grant

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/orgs/{org}/support-grants", tags=["support access"], route_class=GuardedRoute)


@routes.get("")
async def list_grants(
    request: Request, caller: NoSupportSession, org: OrgPath, page: Paging
) -> PageView[GrantView]:
    """The organization's grants, newest first, those that are over included."""
    found = await deps_of(request).bridge.run(list_support_grants, caller=caller, org=org, page=page)
    return page_view(GrantView, found)


@routes.post("", status_code=201)
async def save_grant(request: Request, caller: NoSupportSession, org: OrgPath, body: GrantBody) -> GrantView:
    """A new grant. It ends by itself; an earlier one for the same person does not stand in its way."""
    deps = deps_of(request)
    named = body.admin_account_id
    saved = await deps.bridge.run(
        save_support_grant,
        caller=caller,
        org=org,
        expires_at=body.expires_at,
        reason=body.reason,
        admin_account_id=None if named is None else AccountId(named),
        read_only=body.read_only,
        maximum=deps.settings.grant_maximum,
    )
    return GrantView.model_validate(saved)


@routes.patch("/{grant_id}")
async def move_end(
    *, request: Request, caller: NoSupportSession, org: OrgPath, grant_id: GrantPath, body: GrantEndBody
) -> GrantView:
    """The grant ends then instead: sockets opened under it go on past the old end, or close at the new one."""
    deps = deps_of(request)
    updated = await deps.bridge.run(
        update_support_grant,
        caller=caller,
        org=org,
        grant_id=grant_id,
        expires_at=body.expires_at,
        maximum=deps.settings.grant_maximum,
    )
    return GrantView.model_validate(updated)


@routes.delete("/{grant_id}", **REVOKES)
async def revoke_grant(
    request: Request, caller: NoSupportSession, org: OrgPath, grant_id: GrantPath
) -> Response:
    """The grant and the sessions opened under it end, and their sockets close."""
    return await revoke(
        request,
        caller,
        asking(request, caller, revoke_support_grant, org=org, grant_id=grant_id),
        kind=RevocationKind.SUPPORT_GRANT_END,
        attempted_id=grant_id,
    )
