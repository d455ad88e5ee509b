"""Templates become pages: escaped, with a policy under which no inline script or style runs."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.exceptions import HTTPException
from uuid_utils.compat import uuid7

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
from app.http.pages.wording import ended_because, sentence_for
from app.http.problems import on_http_exception

__all__ = [
    "PAGE_HEADERS",
    "PAGE_POLICY",
    "error_page",
    "error_status",
    "in_words",
    "install_page_for_nothing_here",
    "render",
]

TEMPLATES = Path(__file__).parent / "templates"
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
    visitor = getattr(request.state, "visitor", None)
    links = () if visitor is None else links_for(visitor, path=request.url.path)
    html = _TEMPLATES.get_template(template).render(
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


def in_words(duration: timedelta) -> str:
    """About how long, in its largest unit: "3 minutes", "1 day"; less than a second is "no time"."""
    seconds = int(abs(duration).total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "no time"


def error_status(error: CutoffError | HTTPException | None) -> int:
    """The status of a page that tells of this error; None is a bug of ours."""
    if isinstance(error, HTTPException):
        return error.status_code
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def _instant(at: datetime | None) -> str:
    """A `<time>` in UTC, which the script of the page shows in the visitor's own zone; a dash for None."""
    if at is None:
        return Markup("–")  # noqa: RUF001 - a dash in a table
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds"), utc.strftime("%Y-%m-%d %H:%M UTC")
    )


@pass_context
def _age(context: Context, at: datetime | None) -> str:
    """How long ago, or in how long, by the database's clock; needs a visitor. A dash for None."""
    if at is None:
        return Markup("–")  # noqa: RUF001 - a dash in a table
    gone = context["visitor"].now - at
    if abs(gone) < timedelta(seconds=5):
        told = "just now"
    else:
        told = f"{in_words(gone)} ago" if gone > timedelta(0) else f"in {in_words(gone)}"
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" data-age title="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds"), utc.strftime("%Y-%m-%d %H:%M:%S UTC"), told
    )


def _new_key() -> str:
    return str(uuid7())


_IS_NO_PAGE = re.compile(r"/(v1|static)(/|$)")
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
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
_TEMPLATES = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(age=_age, duration=in_words, ended_because=ended_because, instant=_instant)
_TEMPLATES.globals.update(new_key=_new_key)
