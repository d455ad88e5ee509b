"""The way in and the way out: `/`, `/sign-in`, `/sign-out`."""

from fastapi import Request, Response

from app.domain.closing import Reason
from app.domain.errors import CutoffError, Invalid, RateLimited, Unauthenticated
from app.domain.revocation_request import RevocationKind
from app.http.cookies import SESSION_COOKIE, SUPPORT_COOKIE, clear_cookie, set_cookie
from app.http.deps import deps_of
from app.http.pages.acting import act, see_other
from app.http.pages.forms import fields_of, filled, safe_path
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.pages.wording import sentence_for, why_signed_out
from app.http.revoking import asking_at_once
from app.http.schemas_auth import LoginBody
from app.http.signing_in import sign_in
from app.operations.request_logout import request_logout_at_once

__all__ = ["routes"]

ENDS_OF_SUPPORT = frozenset({Reason.SUPPORT_ACCESS_ENDED, Reason.SUPPORT_ACCESS_REVOKED})

routes = page_router()


@routes.get("/")
async def first_page(request: Request) -> Response:
    """Everybody begins with their own sessions, or in the organization that they support."""
    return see_other("/organization" if request.cookies.get(SUPPORT_COOKIE) else "/sessions")


@routes.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    """The form, with the reason for which somebody was brought here. A support session that is over is forgotten."""
    reason = request.query_params.get("reason", "")
    response = _form(
        request,
        told=why_signed_out(reason),
        next_path=request.query_params.get("next", ""),
        is_still_somebody=reason in ENDS_OF_SUPPORT and bool(request.cookies.get(SESSION_COOKIE)),
    )
    if reason in ENDS_OF_SUPPORT and request.cookies.get(SUPPORT_COOKIE):
        clear_cookie(response, SUPPORT_COOKIE, settings=deps_of(request).settings)
    return response


@routes.post("/sign-in")
async def signed_in(request: Request) -> Response:
    """A new session, in this browser's cookie; or the form again, with what was wrong."""
    fields, settings = await fields_of(request), deps_of(request).settings
    next_path = fields.get("next", "")
    try:
        body = filled(LoginBody, fields)
        started = await sign_in(
            request, email=body.email, password=body.password, lifetime=settings.cookie_lifetime
        )
    except (Invalid, RateLimited, Unauthenticated) as refused:
        return _refused(request, refused, next_path=next_path, email=fields.get("email", ""))
    response = see_other(safe_path(next_path))
    set_cookie(
        response, SESSION_COOKIE, started.session_token, expires_at=started.expires_at, settings=settings
    )
    if request.cookies.get(SUPPORT_COOKIE):
        clear_cookie(response, SUPPORT_COOKIE, settings=settings)
    return response


@routes.post("/sign-out")
async def sign_out(request: Request, visitor: PageVisitor) -> Response:
    """This session ends; other sessions stay."""
    return await act(
        request,
        visitor,
        asking_at_once(request, visitor.caller, request_logout_at_once),
        kind=RevocationKind.LOGOUT,
        fields=await fields_of(request),
        signs_out=Reason.LOGGED_OUT,
    )


def _form(
    request: Request,
    *,
    told: str,
    next_path: str,
    problem: str = "",
    email: str = "",
    status: int = 200,
    is_still_somebody: bool = False,
) -> Response:
    return render(
        request,
        "sign_in.html",
        status=status,
        told=told,
        problem=problem,
        email=email,
        next_path=safe_path(next_path),
        is_still_somebody=is_still_somebody,
    )


def _refused(request: Request, refused: CutoffError, *, next_path: str, email: str) -> Response:
    match refused:
        case Unauthenticated():
            status, problem = 401, "The e-mail address and the password do not belong together."
        case RateLimited():
            status, problem = 429, sentence_for(refused)
        case _:
            status, problem = 422, sentence_for(refused)
    response = _form(request, told="", next_path=next_path, problem=problem, email=email, status=status)
    if isinstance(refused, RateLimited):
        response.headers["Retry-After"] = str(refused.retry_after_s)
    return response
