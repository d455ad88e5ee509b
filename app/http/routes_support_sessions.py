"""Support sessions: a Global Admin works in an organization that has granted it."""

from fastapi import APIRouter, Request, Response

from app.domain.ids import GrantId
from app.http.cookies import SUPPORT_COOKIE, set_cookie
from app.http.deps import deps_of
from app.http.identity import GuardedRoute, OwnSession, address_of, user_agent_of
from app.http.path_ids import OrgPath
from app.http.schemas_support_access import SupportSessionBody, SupportSessionView
from app.operations.open_support_session import open_support_session

__all__ = ["routes"]

routes = APIRouter(
    prefix="/v1/orgs/{org}/support-sessions", tags=["support access"], route_class=GuardedRoute
)


@routes.post("", status_code=201)
async def open_session(
    *, request: Request, response: Response, caller: OwnSession, org: OrgPath, body: SupportSessionBody
) -> SupportSessionView:
    """A session that is good for this organization, and at the longest until the grant ends."""
    deps = deps_of(request)
    opened = await deps.bridge.run(
        open_support_session,
        caller=caller,
        org=org,
        grant_id=None if body.grant_id is None else GrantId(body.grant_id),
        purpose=body.purpose,
        lifetime=deps.settings.cookie_lifetime if body.cookie else deps.settings.session_lifetime,
        address=address_of(request),
        user_agent=user_agent_of(request),
    )
    view = SupportSessionView.model_validate(opened)
    if not body.cookie:
        return view
    set_cookie(
        response, SUPPORT_COOKIE, opened.session_token, expires_at=opened.expires_at, settings=deps.settings
    )
    return view.model_copy(update={"session_token": None})
