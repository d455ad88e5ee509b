"""Templates become pages: escaped, with a policy under which no inline script or style runs."""

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from app.domain.errors import (
    Conflict,
    CutoffError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from app.http.pages.navigation import links_for
from app.http.pages.wording import sentence_for
from app.http.problems import on_http_exception

__all__ = [
    "PAGE_HEADERS",
    "PAGE_POLICY",
    "error_page",
    "error_status",
    "install_page_for_nothing_here",
    "render",
]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": PAGE_POLICY,
    # `no-referrer` would have browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
}


def render(request: Request, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The template as an answer. It sees `visitor` (None for nobody), `links`, `path`, and the values."""
    from app.http.pages.templating import TEMPLATES  # noqa: PLC0415 - many a node never shows a page: 2 MB

    visitor = getattr(request.state, "visitor", None)
    links = () if visitor is None else links_for(visitor, path=request.url.path)
    html = TEMPLATES.get_template(template).render(
        **values, visitor=visitor, links=links, path=request.url.path
    )
    return HTMLResponse(html, status, headers=PAGE_HEADERS)


def error_page(request: Request, error: CutoffError | HTTPException | None) -> HTMLResponse:
    """The page for an error; None is a bug of ours, of which nothing is told."""
    status = error_status(error)
    sentence = (
        sentence_for(error)
        if isinstance(error, CutoffError)
        else _BY_STATUS.get(status, "Something went wrong on our side.")
    )
    page = render(
        request,
        "error.html",
        status=status,
        heading=HTTPStatus(status).phrase,
        sentence=sentence,
        request_id=request.state.request_id,
    )
    if isinstance(error, HTTPException) and error.headers:
        page.headers.update(error.headers)
    if isinstance(error, RateLimited):
        page.headers["Retry-After"] = str(error.retry_after_s)
    return page


def install_page_for_nothing_here(api: FastAPI) -> None:
    """A browser that comes to an address where nothing is gets a page; programs get a problem, as everywhere."""

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        is_page = "text/html" in request.headers.get("accept", "") and not _IS_NO_PAGE.match(request.url.path)
        return error_page(request, error) if is_page else await on_http_exception(request, error)

    api.add_exception_handler(HTTPException, answer)


def error_status(error: CutoffError | HTTPException | None) -> int:
    """The status of a page that tells of this error; None is a bug of ours."""
    if isinstance(error, HTTPException):
        return error.status_code
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


_IS_NO_PAGE = re.compile(r"/(v1|static)(/|$)")
_STATUS: tuple[tuple[type[CutoffError], int], ...] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Invalid, 422),
    (RateLimited, 429),
    (Unavailable, 503),
)
_BY_STATUS = {
    400: "The request could not be read.",
    404: "There is nothing here.",
    405: "This address cannot be used that way.",
    413: "That was too much at once.",
    415: "That was not one of our forms.",
}
