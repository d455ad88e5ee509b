"""uvicorn's HTTP protocol, with what an event stream needs besides ASGI: to see what is unsent, to reset, to hear of shutdown.

Requests that are answered and over are uvicorn's own business, and nothing changes for them.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.realtime.tcp import give_up_on_silence, keep_little, reset, unsent_bytes
from app.realtime.transport import EXTENSION

__all__ = ["CutoffHttpProtocol", "StreamTransport", "stream_transport_of"]


class StreamTransport:
    """The connection under an event stream: begun once, and closed with it."""

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol
        self._timer: asyncio.TimerHandle | None = None
        self._grace_s = 0.0
        self.on_shutdown: Callable[[], None] | None = None
        """Called when the server stops; the callee then sees to the end."""
        self.on_change: Callable[[], None] | None = None
        """Called when the connection is lost, and when it takes bytes again."""
        self.closed = asyncio.Event()
        """Set when the connection is lost: nothing more can reach the peer."""
        self.is_aborted = False

    def begin(
        self,
        *,
        on_shutdown: Callable[[], None],
        on_change: Callable[[], None],
        grace_s: float,
        silence_s: float,
    ) -> None:
        """From now on this connection carries a stream, and nothing after it."""
        self.on_shutdown = on_shutdown
        self.on_change = on_change
        self._grace_s = grace_s
        keep_little(self._protocol.transport)
        give_up_on_silence(self._protocol.transport, after_s=silence_s)

    @property
    def is_open(self) -> bool:
        """Whether something can still be written."""
        return not self.closed.is_set() and not self._protocol.transport.is_closing()

    @property
    def takes_bytes(self) -> bool:
        """Whether what is written now is written at once, so that a gate that was asked directly before counts."""
        return self.is_open and not self._protocol.flow.write_paused

    def unsent(self) -> int:
        """Bytes that have not left this machine."""
        return 0 if self.closed.is_set() else unsent_bytes(self._protocol.transport)

    def abort(self) -> None:
        """The connection is reset."""
        if not self.is_aborted and not self.closed.is_set():
            self.is_aborted = True
            reset(self._protocol.transport)

    def abort_after_grace(self) -> None:
        """The connection will be reset when the grace is over, counted from the first call, unless it is lost before."""
        if self._timer is None and not self.closed.is_set():
            self._timer = self._protocol.loop.call_later(self._grace_s, self.abort)

    def changed(self) -> None:
        """For the protocol: it takes bytes again."""
        if self.on_change is not None:
            self.on_change()

    def lost(self) -> None:
        """For the protocol: TCP is gone."""
        self.closed.set()
        if self._timer is not None:
            self._timer.cancel()
        self.changed()


class CutoffHttpProtocol(HttpToolsProtocol):
    """One connection; its `StreamTransport` is in `scope["extensions"]["cutoff"]` before the application's task runs."""

    cutoff: StreamTransport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The `StreamTransport` exists."""
        super().connection_made(transport)
        self.cutoff = StreamTransport(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Requests receive a disconnect, and a stream's end is known."""
        super().connection_lost(exc)
        self.cutoff.lost()

    def on_headers_complete(self) -> None:
        """The request's task has been made, and will find the transport."""
        cast("dict[str, object]", self.scope)["extensions"] = {EXTENSION: self.cutoff}
        super().on_headers_complete()

    def resume_writing(self) -> None:
        """Whoever waits for it goes on."""
        super().resume_writing()
        self.cutoff.changed()

    def shutdown(self) -> None:
        """The server stops: a stream is told to end, so that nobody waits for it; other requests are finished."""
        super().shutdown()
        if self.cutoff.on_shutdown is not None:
            self.cutoff.on_shutdown()


def stream_transport_of(scope: Mapping[str, Any]) -> StreamTransport:
    """The connection that this request came on.

    Raises:
        RuntimeError: the server does not run with `CutoffHttpProtocol`, so no revocation could be enforced.
    """
    transport = scope.get("extensions", {}).get(EXTENSION)
    if not isinstance(transport, StreamTransport):
        raise RuntimeError(  # noqa: TRY004 - it is the server that is wrong
            "event streams need uvicorn with http=app.realtime.http_protocol.CutoffHttpProtocol"
        )
    return transport
