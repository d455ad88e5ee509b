"""Around every request: its id, the headers that every answer has, one line in the log, and the last resort."""

import re
from collections.abc import Iterable
from traceback import format_exception

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.http.problems import internal_error
from app.logs import without_tokens

__all__ = ["RequestContext"]

REQUEST_ID_HEADER = "X-Request-ID"

REQUESTS = Counter("cutoff_http_requests_total", "HTTP requests answered.", ["method", "route", "status"])
DURATION = Histogram(
    "cutoff_http_request_seconds", "From request to the end of its answer.", ["method", "route"]
)

_log = structlog.get_logger(__name__)


class RequestContext:
    """Answers 500 where the application raises; logs method, path (never the query) and outcome of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request has been answered and logged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at = boot_seconds()
        request_id = _request_id(Headers(scope=scope))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        answer = _Answer(send, request_id)
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the last resort: a bug is logged, and the client gets an answer
            # Formatted here: a renderer may show local variables, and those hold headers and bodies.
            told = "".join(format_exception(error))
            _log.error("request_failed", request_id=request_id, path=scope["path"], traceback=told)
            if answer.status is None:
                await state.get("page_for_a_bug", internal_error)()(scope, receive, answer.send)
        finally:
            _record(scope, state, answer.status, boot_seconds() - started_at)


class _Answer:
    """Passes the answer on, with our headers, and remembers its status (None until it has one)."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID_HEADER] = self._request_id
            _set_missing(headers, _HEADERS.items())
        await self._send(message)


def _request_id(headers: Headers) -> str:
    given = headers.get(REQUEST_ID_HEADER, "")
    is_usable = _GIVEN_ID.fullmatch(given) and without_tokens(given) == given
    return given if is_usable else str(uuid7())


def _set_missing(headers: MutableHeaders, ours: Iterable[tuple[str, str]]) -> None:
    for name, value in ours:
        headers.setdefault(name, value)


def _record(scope: Scope, state: dict[str, object], status: int | None, duration_s: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    DURATION.labels(method, route).observe(duration_s)
    _log.info(
        "request",
        request_id=state["request_id"],
        method=method,
        path=scope["path"],
        status=status,
        duration_ms=round(duration_s * 1000, 1),
        address=state.get("address"),
        account_id=state.get("account_id"),
        revocation_id=state.get("revocation_id"),
    )


_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
