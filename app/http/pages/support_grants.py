"""An organization lets support in, later or sooner ends it, and ends it now."""

from fastapi import Request, Response

from app.domain.errors import Conflict, Invalid
from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of
from app.http.pages.acting import act, see_other
from app.http.pages.forms import fields_of, instant_required
from app.http.pages.queries import asked_of
from app.http.pages.rendering import render
from app.http.pages.support import org_asked, support_address, support_page_again
from app.http.pages.visitor import PageVisitor, page_router
from app.http.path_ids import GrantPath
from app.http.revoking import asking
from app.operations.find_global_admin import find_global_admin
from app.operations.preview_revocation import preview_support_grant
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.save_support_grant import save_support_grant
from app.operations.update_support_grant import update_support_grant

__all__ = ["routes"]

routes = page_router()


@routes.post("/support/grants")
async def give(request: Request, visitor: PageVisitor) -> Response:
    """Support is let in until then; or the page again, with what was wrong."""
    deps, fields = deps_of(request), await fields_of(request)
    try:
        named = fields.get("admin", "").strip()
        admin = await deps.bridge.run(find_global_admin, email=named) if named else None
        await deps.bridge.run(
            save_support_grant,
            caller=visitor.caller,
            org=org_asked(fields, visitor),
            expires_at=instant_required(fields, "expires_at"),
            reason=fields.get("reason", ""),
            admin_account_id=admin,
            read_only="read_only" in fields,
            maximum=deps.settings.grant_maximum,
        )
    except Invalid as invalid:
        return await support_page_again(request, visitor, invalid, fields)
    return see_other(support_address(org_asked(fields, visitor)))


@routes.post("/support/grants/{grant_id}/move")
async def move(request: Request, visitor: PageVisitor, grant_id: GrantPath) -> Response:
    """It ends then instead: sockets go on past the old end, or close at the new one."""
    deps, fields = deps_of(request), await fields_of(request)
    try:
        await deps.bridge.run(
            update_support_grant,
            caller=visitor.caller,
            org=org_asked(fields, visitor),
            grant_id=grant_id,
            expires_at=instant_required(fields, "expires_at"),
            maximum=deps.settings.grant_maximum,
        )
    except (Conflict, Invalid) as refused:
        said = {"org": fields.get("org", "")}
        return await support_page_again(request, visitor, refused, said)
    return see_other(support_address(org_asked(fields, visitor)))


@routes.get("/support/grants/{grant_id}/end")
async def preview(request: Request, visitor: PageVisitor, grant_id: GrantPath) -> Response:
    """What would end now, and the button that ends it."""
    org = org_asked(asked_of(request), visitor)
    counted = await deps_of(request).bridge.run(
        preview_support_grant, caller=visitor.caller, org=org, grant_id=grant_id
    )
    return render(request, "support_end.html", org=org, grant_id=grant_id, preview=counted)


@routes.post("/support/grants/{grant_id}/end")
async def end(request: Request, visitor: PageVisitor, grant_id: GrantPath) -> Response:
    """It ends, with the sessions opened under it, and the browser goes on to the receipt."""
    fields = await fields_of(request)
    org = org_asked(fields, visitor)

    return await act(
        request,
        visitor,
        asking(request, visitor.caller, revoke_support_grant, org=org, grant_id=grant_id),
        kind=RevocationKind.SUPPORT_GRANT_END,
        fields=fields,
        attempted_id=grant_id,
    )
