"""`/events`: a page hears that what it shows has changed, and that its session has ended.

The stream itself is the node's, held in its registry like a socket (`HttpDeps.streams`); here it is decided who may
watch what.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.domain.caller import Caller
from app.domain.errors import Forbidden, Invalid, NotFound
from app.domain.origins import names_a_stranger
from app.http.deps import HttpDeps, ReadTopic, deps_of
from app.http.identity import Anybody, GuardedRoute, address_of, presented_by
from app.http.pages.topics import FINGERPRINTS

__all__ = ["routes"]

MOST_TOPICS = 8
LONGEST_TOPIC = 200

routes = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@routes.get("/events")
async def events(request: Request, caller: Anybody, topic: Annotated[list[str], Query()]) -> Response:
    """The stream. Raises: what the topics' fingerprints do for somebody who may not see them."""
    deps = deps_of(request)
    allowed = deps.settings.allowed_origins
    if names_a_stranger(request.headers, scheme=request.url.scheme, allowed=allowed):
        raise Forbidden("same_origin")
    if len(topic) > MOST_TOPICS:
        raise Invalid("topic", f"more_than_{MOST_TOPICS}")
    topics = {name: _reader(deps, caller, name) for name in topic}
    # Before the stream opens: what changes from here on is told.
    seen = {name: await read() for name, read in topics.items()}
    return _Stream(
        deps, token=presented_by(request).token, address=address_of(request), topics=topics, seen=seen
    )


class _Stream(Response):
    """The rest of the exchange is the node's."""

    def __init__(
        self,
        deps: HttpDeps,
        *,
        token: str,
        address: str,
        topics: Mapping[str, ReadTopic],
        seen: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._deps = deps
        self._token = token
        self._address = address
        self._topics = topics
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._deps.streams(
            scope,
            receive,
            send,
            token=self._token,
            address=self._address,
            topics=self._topics,
            seen=self._seen,
        )


def _reader(deps: HttpDeps, caller: Caller, topic: str) -> ReadTopic:
    name, _, argument = topic.partition(":")
    fingerprint = FINGERPRINTS.get(name)
    if fingerprint is None or len(topic) > LONGEST_TOPIC or not topic.isprintable():
        raise NotFound("topic")

    async def read() -> str:
        return await deps.bridge.run(fingerprint, caller=caller, argument=argument)

    return read
