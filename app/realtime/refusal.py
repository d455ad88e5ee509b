"""An upgrade that is refused: an ordinary HTTP answer in place of the 101 (problem details, RFC 9457)."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from app.domain.closing import CloseCode, Closing

__all__ = [
    "FORBIDDEN",
    "INTERNAL_ERROR",
    "NOT_CURRENT",
    "TOO_MANY",
    "UNAUTHENTICATED",
    "Refusal",
    "refused_for",
]

RETRY_AFTER_S = 1

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Status, word of the problem, and what helps."""

    status: int
    problem: str
    reason: str | None = None
    retry: str | None = None
    retry_after_s: int | None = None

    async def send(self, send: Send, *, as_http: bool = False) -> None:
        """The client has its answer, and no socket; `as_http` where it asked for none, but for an event stream."""
        headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
        if self.retry_after_s is not None:
            headers.append((b"retry-after", str(self.retry_after_s).encode()))
        if self.status == UNAUTHENTICATED.status:
            headers.append((b"www-authenticate", b'Bearer realm="cutoff"'))
        members = {
            "type": f"urn:cutoff:problem:{self.problem}",
            "status": self.status,
            "reason": self.reason,
            "retry": self.retry,
        }
        body = json.dumps({name: value for name, value in members.items() if value is not None}).encode()
        headers.append((b"content-length", str(len(body)).encode()))
        if as_http:
            headers.append((b"connection", b"close"))
        kind = "http.response" if as_http else "websocket.http.response"
        await send({"type": f"{kind}.start", "status": self.status, "headers": headers})
        await send({"type": f"{kind}.body", "body": body})


def refused_for(closing: Closing) -> Refusal:
    """The refusal in place of a close: 401 for a dead credential, 503 where the credential is still valid."""
    retry = None if closing.retry is None else closing.retry.value
    if closing.code in {CloseCode.REVOKED, CloseCode.EXPIRED}:
        return Refusal(401, "unauthenticated", closing.reason.value, retry)
    return Refusal(503, "unavailable", closing.reason.value, retry, RETRY_AFTER_S)


UNAUTHENTICATED = Refusal(401, "unauthenticated", "unauthenticated")
FORBIDDEN = Refusal(403, "forbidden")
NOT_FOUND = Refusal(404, "not_found")
NOT_CURRENT = Refusal(503, "unavailable", "node_not_current", "now", RETRY_AFTER_S)
TOO_MANY = Refusal(503, "too_many_openings", None, "now", RETRY_AFTER_S)
INTERNAL_ERROR = Refusal(500, "internal_error")
