"""A span around each request that changes something: where the trace of a revocation begins."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.logs.tracing import is_tracing, span

__all__ = ["RequestTracing"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestTracing:
    """Takes up the caller's `traceparent`; names a request by its route, never by its address. Off, it is a call and no more."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request has been answered."""
        if scope["type"] != "http" or not is_tracing() or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with span("request", kind="server", parent=Headers(scope=scope).get("traceparent")) as noted:
            await self._app(scope, receive, send_on)
            route = getattr(scope.get("route"), "path", "none")
            noted.rename(f"{scope['method']} {route}")
            noted.note(
                http__request__method=scope["method"],
                http__route=route,
                http__response__status_code=status,
                cutoff__request_id=scope["state"].get("request_id"),
                cutoff__revocation_id=scope["state"].get("revocation_id"),
            )
