"""An upgrade that is refused: an ordinary HTTP answer in place of the 101 (problem details, RFC 9457)."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from app.domain.closing import Closing

__all__ = [
    "FORBIDDEN",
    "INTERNAL_ERROR",
    "NOT_CURRENT",
    "TOO_MANY",
    "UNAUTHENTICATED",
    "Refusal",
    "refused_for",
]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Status, word of the problem, and what helps."""

    status: int
    problem: str
    reason: str | None = None
    retry: str | None = None
    retry_after_s: int | None = None

    async def send(self, send: Send) -> None:
        """The client has its answer, and no socket."""
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
        await send({"type": "websocket.http.response.start", "status": self.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})


def refused_for(closing: Closing) -> Refusal:
    """The refusal of a dead credential: 401, with the reason and the advice that its socket was closed with."""
    retry = None if closing.retry is None else closing.retry.value
    return Refusal(401, "unauthenticated", closing.reason.value, retry)


UNAUTHENTICATED = Refusal(401, "unauthenticated", "unauthenticated")
FORBIDDEN = Refusal(403, "forbidden")
NOT_FOUND = Refusal(404, "not_found")
NOT_CURRENT = Refusal(503, "unavailable", "node_not_current", "now", 1)
TOO_MANY = Refusal(503, "too_many_openings", None, "now", 1)
INTERNAL_ERROR = Refusal(500, "internal_error")
