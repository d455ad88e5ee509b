"""uvicorn's WebSocket protocol with the gate where the write happens, a bounded close and a real abort.

uvicorn's own `send` waits until the transport is writable and then writes, so that a frame gets out after a gate
that was asked before; its closes last 10 seconds, or for ever with a peer that does not read. Both end here.
`app.realtime.self_test` says at start whether the installed uvicorn still has what is overridden.
"""

import asyncio
from typing import cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from app.clock import boot_seconds
from app.domain.closing import CloseCode
from app.realtime.close_answer import take_answer
from app.realtime.tcp import keep_little
from app.realtime.transport import EXTENSION, Transport

__all__ = ["CutoffProtocol"]


class CutoffProtocol(WebSocketsSansIOProtocol):
    """One connection; its `Transport` is in `scope["extensions"]["cutoff"]` before the application's task runs.

    Wants `ws_per_message_deflate=False`, `ws_ping_interval=None` (the heartbeat is the gateway's, as uvicorn does
    not read, hence sees no pong, while a message waits) and `ws_max_size`. A message above that size gets 1009
    here: `receive()` yields the disconnect, and the ladder has only to wait for `Transport.closed`.
    """

    cutoff: Transport
    _is_answering = False
    """The application's task runs."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Buffers are small from the first byte on, and the `Transport` exists."""
        super().connection_made(transport)
        self.cutoff = Transport(self, now=boot_seconds())
        _let_go_of_http(transport, self.loop)
        keep_little(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The application receives a disconnect, senders that wait are woken, and `Transport.closed` is set."""
        self.cutoff.tell_application()
        super().connection_lost(exc)
        self.cutoff.lost(now=boot_seconds())
        if not self._is_answering:
            _let_go(self)

    def eof_received(self) -> bool:  # type: ignore[override] # asyncio's may say so, uvicorn's does not
        """The transport closes by itself, but only when its buffer is empty; so the grace begins.

        One that is yet to be wound down is closed then, except under TLS, which has no half of a connection.
        """
        super().eof_received()
        if self.cutoff.left() and self.scheme == "ws":
            return True
        self.cutoff.abort_after_grace()
        return False

    def resume_writing(self) -> None:
        """The first sender that waits goes on."""
        super().resume_writing()
        self.cutoff.gate_changed()

    def shutdown(self) -> None:
        """The server stops: the application sees to the close where it asked to, else the peer gets 1012 here."""
        if self.cutoff.on_shutdown is not None:
            self.cutoff.on_shutdown()
            return
        if self.conn.state is State.CONNECTING:
            super().shutdown()
        else:
            self.cutoff.write_close_now(CloseCode.NODE_SHUTTING_DOWN)
        self.cutoff.abort_after_grace()

    def data_received(self, data: bytes) -> None:
        """The peer lives, whatever it was that it sent. Behind its close, nothing is read (RFC 6455, section 5.5.1)."""
        self.cutoff.last_heard_at = boot_seconds()
        if not self.close_sent:
            super().data_received(data)
        elif take_answer(data, self.conn):
            self.cutoff.answered()
        elif self.conn.close_rcvd is None:
            super().data_received(data)

    def handle_connect(self, event: Request) -> None:
        """The `Transport` is in the scope; the application's task has not run yet."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # not where the handshake was malformed
            cast("dict[str, object]", self.scope["extensions"])[EXTENSION] = self.cutoff
            self._is_answering = True

    def send_receive_event_to_app(self) -> None:
        """A whole message has come, and is queued unless the connection has been made deaf."""
        if self.cutoff.is_deaf:
            self.frames = []
            return
        try:
            super().send_receive_event_to_app()
        except InvalidState:  # text that is not UTF-8, with the peer's close right behind it
            self.cutoff.abort()

    def handle_ping(self) -> None:
        """Answered, but not to a peer that does not read: pongs would pile up without bound."""
        if self.close_sent or not self.writable.is_set():
            self.conn.data_to_send()
            return
        super().handle_ping()

    def handle_close(self, event: Frame) -> None:
        """The peer's close is answered, or is the answer; TCP ends within the grace, which goes on where it had begun."""
        if self.close_sent:
            self.transport.close()
        else:
            super().handle_close(event)
        self.cutoff.abort_after_grace()

    def handle_parser_exception(self) -> None:
        """The peer broke the protocol or its limits, and has been told so, once.

        Its bytes are read and thrown away until it goes or the grace is over: with unread bytes TCP would be
        reset, and the code lost on the way.
        """
        output = b"".join(self.conn.data_to_send())
        if self.close_sent:
            return
        close = self.conn.close_sent
        if close is None:
            self.cutoff.abort()
            return
        self.transport.write(output)
        self.close_sent = True
        self.read_paused = False
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.cutoff.resume_reading()
        self.cutoff.abort_after_grace()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application has returned: TCP goes with it, or has its grace; then it takes along what the peer has not read."""
        super().on_task_complete(task)
        self._is_answering = False
        if self.disconnected:
            _let_go(self)
        elif self.close_timer is None and self.conn.state is State.OPEN and self.cutoff.buffered():
            self.cutoff.abort()
        else:
            self.cutoff.abort_after_grace()

    async def send(self, message: ASGISendEvent) -> None:
        """A message is written through the gate; a close past it, at once, and without waiting for anything."""
        if not self.handshake_complete:
            is_accepted = message["type"] == "websocket.accept"
            if is_accepted and self.transport.is_closing():
                raise ClientDisconnected  # uvicorn would go on as if it had been accepted
            await super().send(message)
            if is_accepted:
                _let_go_of_handshake(self)
            elif self.close_sent:
                self.handshake_complete = True  # refused is answered; uvicorn would log an error for each
        elif message["type"] == "websocket.send":
            data = message.get("bytes")
            await self.cutoff.send(data if data is not None else message.get("text") or "")
        elif message["type"] == "websocket.close":
            self.cutoff.write_close_now(message.get("code", 1000), message.get("reason") or "")
        else:
            await super().send(message)

    async def receive(self) -> ASGIReceiveEvent:
        """As uvicorn's, but reading does not go on by itself while the node holds."""
        message = await super().receive()
        if self.cutoff.is_held:
            self.cutoff.pause_reading()
        return message


def _let_go(protocol: CutoffProtocol) -> None:
    """TCP and task are both over, and nothing refers back to itself any more.

    So what a connection took is free at once. In a heap of ten thousand sockets the collector's next full round,
    which would have found it, may be many thousands of connections away.
    """
    protocol.cutoff.let_go()
    protocol.conn.parser.close()
    vars(protocol).pop("scope", None)
    del protocol.cutoff


def _let_go_of_handshake(protocol: CutoffProtocol) -> None:
    """What was asked and answered is in the scope, as far as anybody wants it: some 4 kB of an idle socket."""
    protocol.request.headers.clear()  # the library's parser refers to it to the end
    vars(protocol).pop("response", None)


def _let_go_of_http(transport: asyncio.BaseTransport, loop: asyncio.AbstractEventLoop) -> None:
    """The HTTP protocol and its parts refer to each other, and the upgrade is the last that they do."""
    upgraded = transport.get_protocol()
    if isinstance(upgraded, HttpToolsProtocol):
        for part in ("parser", "cutoff", "scope"):
            loop.call_soon(vars(upgraded).pop, part, None)
