"""What an organization is told about support access: its notices, who worked in it, and where notices are delivered."""

from fastapi import APIRouter, Request, Response

from app.config import Environment
from app.http.deps import deps_of
from app.http.identity import GuardedRoute, NoSupportSession, OwnSession
from app.http.path_ids import OrgPath
from app.http.schemas_notices import NewWebhookView, NoticeView, SupportUseView, WebhookBody, WebhookView
from app.http.shapes import PageView, Paging, page_view
from app.operations.delete_webhook import delete_webhook
from app.operations.list_notices import list_notices
from app.operations.list_support_uses import list_support_uses
from app.operations.read_webhook import read_webhook
from app.operations.set_webhook import set_webhook

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/orgs/{org}", tags=["notices"], route_class=GuardedRoute)


@routes.get("/notices")
async def notices(
    request: Request, caller: NoSupportSession, org: OrgPath, page: Paging
) -> PageView[NoticeView]:
    """What the organization was told, newest first, and how each delivery stands."""
    found = await deps_of(request).bridge.run(list_notices, caller=caller, org=org, page=page)
    return page_view(NoticeView, found)


@routes.get("/support-uses")
async def uses(
    request: Request, caller: NoSupportSession, org: OrgPath, page: Paging
) -> PageView[SupportUseView]:
    """Who worked in the organization under a grant, when and what for, newest first."""
    found = await deps_of(request).bridge.run(list_support_uses, caller=caller, org=org, page=page)
    return page_view(SupportUseView, found)


@routes.get("/webhook")
async def webhook(request: Request, caller: NoSupportSession, org: OrgPath) -> WebhookView:
    """Where notices are delivered."""
    found = await deps_of(request).bridge.run(read_webhook, caller=caller, org=org)
    return WebhookView.model_validate(found)


@routes.put("/webhook")
async def put_webhook(
    request: Request, caller: OwnSession, org: OrgPath, body: WebhookBody
) -> NewWebhookView:
    """Notices are delivered there from now on, signed as Standard Webhooks says. A new secret is shown this once."""
    deps = deps_of(request)
    done = await deps.bridge.run(
        set_webhook,
        caller=caller,
        org=org,
        url=body.url,
        rotates_secret=body.rotate_secret,
        allow_plain=deps.settings.env is Environment.DEVELOPMENT,
    )
    shown = WebhookView.model_validate(done.webhook)
    return NewWebhookView(**shown.model_dump(), secret=done.secret)


@routes.delete("/webhook", status_code=204)
async def remove_webhook(request: Request, caller: OwnSession, org: OrgPath) -> Response:
    """Nothing is delivered any more, not even what was waiting."""
    await deps_of(request).bridge.run(delete_webhook, caller=caller, org=org)
    return Response(status_code=204)
