"""Support sessions: which organizations let a Global Admin in, and the way in, around and out."""

from collections.abc import Mapping

from fastapi import Request, Response

from app.domain.errors import CutoffError, Invalid, NotFound
from app.domain.ids import GrantId
from app.domain.paging import PageRequest
from app.domain.revocation_request import RevocationKind
from app.http.cookies import SUPPORT_COOKIE, clear_cookie, set_cookie
from app.http.deps import deps_of
from app.http.identity import address_of, user_agent_of
from app.http.pages.acting import act, see_other
from app.http.pages.forms import fields_of, filled
from app.http.pages.queries import asked_of, more_address, page_asked
from app.http.pages.rendering import error_status, render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.pages.wording import sentence_for
from app.http.revoking import asking_at_once
from app.http.schemas_support_access import SupportSessionBody
from app.operations.open_support_session import open_support_session
from app.operations.read_supported_organization import read_supported_organization
from app.operations.read_visitor import Visitor
from app.operations.request_logout import request_logout_at_once
from app.operations.show_support_access import show_support_doors

__all__ = ["doors_page_again", "routes"]

routes = page_router()


@routes.get("/support-sessions")
async def doors(request: Request, visitor: PageVisitor) -> Response:
    """The page."""
    return await _show(request, visitor, "support_sessions.html")


@routes.get("/support-sessions/now")
async def doors_now(request: Request, visitor: PageVisitor) -> Response:
    """The part of it that keeps up."""
    return await _show(request, visitor, "_support_sessions.html")


@routes.post("/support-sessions/open")
async def open_one(request: Request, visitor: PageVisitor) -> Response:
    """A support session, in a cookie of its own: while it is there, this browser is in that organization."""
    deps, fields = deps_of(request), await fields_of(request)
    try:
        wanted = filled(SupportSessionBody, fields)
    except Invalid as invalid:
        return await doors_page_again(request, visitor, invalid, fields)
    opened = await deps.bridge.run(
        open_support_session,
        caller=visitor.caller,
        org=fields.get("org", ""),
        grant_id=None if wanted.grant_id is None else GrantId(wanted.grant_id),
        purpose=wanted.purpose,
        lifetime=deps.settings.cookie_lifetime,
        address=address_of(request),
        user_agent=user_agent_of(request),
    )
    response = see_other("/organization")
    set_cookie(
        response, SUPPORT_COOKIE, opened.session_token, expires_at=opened.expires_at, settings=deps.settings
    )
    return response


@routes.get("/organization")
async def organization(request: Request, visitor: PageVisitor) -> Response:
    """The organization, as far as the grant goes. Looking at it is a use, which it is told of."""
    found = await deps_of(request).bridge.run(
        read_supported_organization, caller=visitor.caller, page=page_asked(request)
    )
    return render(request, "organization.html", found=found, more=more_address(request))


@routes.get("/support-sessions/banner")
async def banner(request: Request, visitor: PageVisitor) -> Response:
    """The time that is left, by the database's clock."""
    if visitor.support is None:
        raise NotFound("support_session")
    return render(request, "_support_banner.html")


@routes.post("/support-sessions/leave")
async def leave(request: Request, visitor: PageVisitor) -> Response:
    """The support session ends, and the browser is its owner's again."""
    fields = await fields_of(request)
    if visitor.support is None:
        raise NotFound("support_session")
    await act(
        request,
        visitor,
        asking_at_once(request, visitor.caller, request_logout_at_once),
        kind=RevocationKind.LOGOUT,
        fields=fields,
    )
    response = see_other("/support-sessions")
    clear_cookie(response, SUPPORT_COOKIE, settings=deps_of(request).settings)
    return response


async def doors_page_again(
    request: Request, visitor: Visitor, error: CutoffError, fields: Mapping[str, str]
) -> Response:
    """The page with what was wrong, and with what had been filled in."""
    return await _show(
        request,
        visitor,
        "support_sessions.html",
        problem=sentence_for(error),
        filled_in=fields,
        status=error_status(error),
    )


async def _show(
    request: Request,
    visitor: Visitor,
    template: str,
    *,
    problem: str = "",
    filled_in: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    asked = asked_of(request)
    found = await deps_of(request).bridge.run(
        show_support_doors,
        caller=visitor.caller,
        grants=PageRequest(cursor=asked.get("grants")),
        requests=PageRequest(cursor=asked.get("requests")),
    )
    return render(
        request,
        template,
        status=status,
        doors=found,
        problem=problem,
        filled_in=filled_in or {},
        query=request.url.query if request.method == "GET" else "",
    )
