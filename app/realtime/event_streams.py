"""The entrance for event streams: a page's stream is opened, gated, closed and accounted for like a socket."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import structlog

from app.config import Settings
from app.domain.errors import Refused, Unauthenticated, Unavailable
from app.domain.targets import Target, TargetKind
from app.realtime.event_stream import BROWSER_RETRY_MS, EventStream
from app.realtime.handshake import presented_token
from app.realtime.holder import Holder
from app.realtime.http_protocol import StreamTransport, stream_transport_of
from app.realtime.opening import Opened, Opening
from app.realtime.refusal import TOO_MANY, UNAUTHENTICATED, Refusal, refused_for
from app.sockets.entry import Entry
from app.sockets.gate import Passage

__all__ = ["EventStreams"]

LOOK_EVERY_S = 1.0
STREAMS_OF_ONE_ACCOUNT = 20
"""At one node. Each is a connection and a read a second; a page that is not looked at closes its own."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Fingerprint = Callable[[], Awaitable[str]]

_log = structlog.get_logger(__name__)


class EventStreams:
    """One a node."""

    def __init__(self, settings: Settings, *, holder: Holder, opening: Opening) -> None:
        self._settings = settings
        self._holder = holder
        self._opening = opening

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
        *,
        token: str,
        address: str,
        topics: Mapping[str, Fingerprint],
        seen: Mapping[str, str],
    ) -> None:
        """One stream, from the request until its connection is gone.

        `topics` are what to look at, `seen` what they looked like before; who asks has been allowed to see them.
        """
        transport = stream_transport_of(scope)
        opened = await self._open(token, address)
        if isinstance(opened, Refusal):
            await opened.send(send, as_http=True)
            return
        stream = EventStream(opened.entry, transport, self._holder.currency)
        opened.entry.handle = stream
        self._begin(transport, stream)
        try:
            await self._serve(stream, receive, send, topics=topics, seen=dict(seen))
        finally:
            await self._see_off(stream)

    async def _see_off(self, stream: EventStream) -> None:
        try:
            await stream.gone()
        except asyncio.CancelledError:
            stream.abort()
            raise
        finally:
            self._holder.forget(stream)

    async def _open(self, token: str, address: str) -> Opened | Refusal:
        try:
            presented = presented_token(token, address, self._settings)
        except Unauthenticated:
            return UNAUTHENTICATED
        opened = await self._opening.open(presented)
        if isinstance(opened, Opened) and self._has_too_many(opened.entry):
            self._holder.registry.detach(opened.entry)
            return TOO_MANY
        return opened

    def _has_too_many(self, entry: Entry) -> bool:
        others = self._holder.registry.matching(Target(TargetKind.ACCOUNT, str(entry.account_id)))
        return sum(isinstance(other.handle, EventStream) for other in others) >= STREAMS_OF_ONE_ACCOUNT

    def _begin(self, transport: StreamTransport, stream: EventStream) -> None:
        transport.begin(
            on_shutdown=self._holder.begin_to_leave,
            on_change=stream.gate_changed,
            grace_s=self._settings.close_grace.total_seconds(),
            silence_s=self._settings.heartbeat_timeout.total_seconds(),
        )

    async def _serve(
        self,
        stream: EventStream,
        receive: Receive,
        send: Send,
        *,
        topics: Mapping[str, Fingerprint],
        seen: dict[str, str],
    ) -> None:
        closed = stream.entry.closing
        if closed is not None:
            await refused_for(closed).send(send, as_http=True)
            return
        await _begin_body(send)
        beside = [
            asyncio.create_task(_look(stream, topics, seen), name="an event stream looks at its topics"),
            asyncio.create_task(_hear_of_the_end(receive), name="an event stream hears of its end"),
        ]
        try:
            await stream.run(send)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)


async def _begin_body(send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        (b"x-accel-buffering", b"no"),  # nginx would keep events back otherwise
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    first = f"retry: {BROWSER_RETRY_MS}\n\n".encode()
    await send({"type": "http.response.body", "body": first, "more_body": True})


async def _look(stream: EventStream, topics: Mapping[str, Fingerprint], seen: dict[str, str]) -> None:
    """Until cancelled, or until the visitor may not see what they watch any more: then the stream ends."""
    try:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for topic, read in topics.items():
                await _look_at(stream, topic, read, seen)
    except Refused:
        stream.finish()
    except Exception:  # noqa: BLE001 - a bug in somebody's fingerprint: the stream ends, and the log says why
        _log.exception("fingerprint_failed", topics=list(topics))
        stream.finish()


async def _look_at(stream: EventStream, topic: str, read: Fingerprint, seen: dict[str, str]) -> None:
    if stream.passage() is not Passage.PASS:
        return
    try:
        present = await read()
    except Unavailable:
        return
    if present != seen[topic]:
        seen[topic] = present
        stream.tell(topic)


async def _hear_of_the_end(receive: Receive) -> None:
    """Reading is what makes uvicorn notice that the peer has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
