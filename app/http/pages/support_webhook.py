"""Where an organization has its notices delivered: set, moved, signed with a new secret, or deleted."""

from fastapi import Request, Response

from app.config import Environment
from app.domain.errors import Invalid
from app.http.deps import deps_of
from app.http.pages.acting import see_other
from app.http.pages.forms import fields_of
from app.http.pages.rendering import render
from app.http.pages.support import org_asked, support_address, support_page_again
from app.http.pages.visitor import PageVisitor, page_router
from app.operations.delete_webhook import delete_webhook
from app.operations.set_webhook import set_webhook

__all__ = ["routes"]

routes = page_router()


@routes.post("/support/webhook")
async def put(request: Request, visitor: PageVisitor) -> Response:
    """Notices go there; a new secret is shown on the page that answers, and never again."""
    deps, fields = deps_of(request), await fields_of(request)
    org = org_asked(fields, visitor)
    try:
        done = await deps.bridge.run(
            set_webhook,
            caller=visitor.caller,
            org=org,
            url=fields.get("url", "").strip(),
            rotates_secret="rotate_secret" in fields,
            allow_plain=deps.settings.env is Environment.DEVELOPMENT,
        )
    except Invalid as invalid:
        return await support_page_again(request, visitor, invalid, fields)
    if done.secret is None:
        return see_other(support_address(org))
    return render(request, "webhook_secret.html", secret=done.secret, webhook=done.webhook, org=org)


@routes.post("/support/webhook/delete")
async def remove(request: Request, visitor: PageVisitor) -> Response:
    """Nothing is delivered any more."""
    fields = await fields_of(request)
    org = org_asked(fields, visitor)
    await deps_of(request).bridge.run(delete_webhook, caller=visitor.caller, org=org)
    return see_other(support_address(org))
