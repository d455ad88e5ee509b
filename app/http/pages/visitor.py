"""Who looks at a page: the same caller as the API's, by cookie; nobody, or a dead credential, goes to the sign-in page.

Everything that a page's handler raises on purpose becomes a page here.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.domain.errors import CutoffError, Forbidden, NotFound, Unauthenticated
from app.domain.origins import SAFE_METHODS, comes_from_us
from app.http.cookies import CREDENTIAL_COOKIES, clear_cookie
from app.http.deps import deps_of
from app.http.identity import caller_of
from app.http.pages.rendering import PAGE_HEADERS, error_page
from app.operations.read_visitor import Visitor, read_visitor

__all__ = ["PageRoute", "PageVisitor", "page_router", "sign_in_address", "to_sign_in"]


class PageRoute(APIRoute):
    """A route whose answers are pages, also when something is refused; what changes anything comes from our own pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, between the check of the origin and the pages for errors."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            request.state.page_for_a_bug = lambda: error_page(request, None)
            try:
                _check_origin(request)
                return await handle(request)
            except Unauthenticated as error:
                return to_sign_in(request, reason=error.reason)
            except (CutoffError, HTTPException) as error:
                return error_page(request, error)
            except RequestValidationError:
                return error_page(request, NotFound("page"))

        return answered


def page_router() -> APIRouter:
    """A router for pages: they are no part of the API's description."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


async def visitor_of(request: Request) -> Visitor:
    """Who looks, read once a request. Raises: Unauthenticated for nobody and for a dead credential."""
    if not hasattr(request.state, "visitor"):
        caller = await caller_of(request)
        request.state.visitor = await deps_of(request).bridge.run(read_visitor, caller=caller)
    visitor: Visitor = request.state.visitor
    return visitor


PageVisitor = Annotated[Visitor, Depends(visitor_of)]


def to_sign_in(request: Request, *, reason: str) -> Response:
    """The sign-in page is shown with the reason, and leads back here; the cookies that were good for nothing are gone."""
    address = sign_in_address(request, reason=reason)
    if "hx-request" in request.headers:
        # A redirect would be followed unseen, and the sign-in page put in the fragment's place.
        response = Response(status_code=401, headers={**PAGE_HEADERS, "HX-Redirect": address})
    else:
        response = RedirectResponse(address, 303, headers=PAGE_HEADERS)
    settings = deps_of(request).settings
    presented = next((name for name in CREDENTIAL_COOKIES if request.cookies.get(name)), None)
    if presented is not None:
        clear_cookie(response, presented, settings=settings)
    return response


def sign_in_address(request: Request, *, reason: str) -> str:
    """Where to sign in, and then come back to this page: a whole one, that was only looked at."""
    query = {} if reason == "unauthenticated" else {"reason": reason}
    path = request.url.path
    if request.method in SAFE_METHODS and "hx-request" not in request.headers and path != "/":
        query["next"] = f"{path}?{request.url.query}" if request.url.query else path
    return f"/sign-in?{urlencode(query)}" if query else "/sign-in"


def _check_origin(request: Request) -> None:
    """With or without a cookie: signing somebody in is worth forging as well."""
    if request.method in SAFE_METHODS:
        return
    allowed = deps_of(request).settings.allowed_origins
    if not comes_from_us(request.headers, scheme=request.url.scheme, allowed=allowed):
        raise Forbidden("same_origin")
