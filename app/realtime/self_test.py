"""Whether the installed uvicorn still does what `CutoffProtocol` builds upon; asked before a node starts.

A new release could rename what is overridden, and frames would go past the gate without anybody noticing. So a
connection is driven through its life in memory: handshake, gate, close, with a loop and a transport that do nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

import uvicorn
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from app.realtime.http_protocol import CutoffHttpProtocol
from app.realtime.sending import GateShut
from app.realtime.transport import Transport, transport_of
from app.realtime.uvicorn_protocol import CutoffProtocol
from app.sockets.gate import Passage

__all__ = ["UnsuitableUvicornError", "check_http", "check_uvicorn"]

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: self-test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2VsZi10ZXN0IG5vbmNlIQ==\r\n\r\n"
)
INBOUND_TEXT = bytes([0x81, 0x82, 0, 0, 0, 0]) + b"in"
OUTBOUND_TEXT = bytes([0x81, 3]) + b"out"
CLOSE_4001 = bytes([0x88, 2]) + (4001).to_bytes(2, "big")


class UnsuitableUvicornError(RuntimeError):
    """The installed uvicorn must not be used: its sockets could not be closed for certain."""


def check_uvicorn(base: type = WebSocketsSansIOProtocol) -> None:
    """The installed uvicorn has what is overridden, and a connection in memory behaves as it must.

    Raises:
        UnsuitableUvicornError: it does not; the message names the version and what is missing.
    """
    missing = _missing(CutoffProtocol, base)
    if missing:
        raise _unsuitable(f"{base.__name__} lacks {', '.join(missing)}")
    try:
        _drive()
    except Exception as error:
        raise _unsuitable(f"{type(error).__name__}: {error}") from error


def check_http(base: type = HttpToolsProtocol) -> None:
    """The installed uvicorn has what an event stream's connection overrides. Raises: UnsuitableUvicornError."""
    missing = _missing(CutoffHttpProtocol, base)
    if missing:
        raise _unsuitable(f"{base.__name__} lacks {', '.join(missing)}")


def _missing(ours: type, base: type) -> list[str]:
    return [
        name
        for name, overridden in vars(ours).items()
        if callable(overridden) and not callable(getattr(base, name, None))
    ]


def _drive() -> None:
    wire = _Wire()
    protocol = _connected(wire)
    transport = transport_of(cast("dict[str, Any]", protocol.scope))
    _expect(not wire.written, "something is written before the application accepts")
    _finish(protocol.send({"type": "websocket.accept"}))
    _expect(wire.take().startswith(b"HTTP/1.1 101"), "accepting does not write the 101")
    _drive_gate(protocol, transport, wire)
    _drive_close(protocol, transport, wire)


def _connected(wire: "_Wire") -> CutoffProtocol:
    config = uvicorn.Config(
        _application, log_config=None, ws=CutoffProtocol, ws_per_message_deflate=False, ws_ping_interval=None
    )
    config.load()
    protocol = CutoffProtocol(config, ServerState(), {}, _loop=cast("Any", _IdleLoop()))
    protocol.logger = logging.getLogger("app.realtime.self_test")
    protocol.logger.setLevel(logging.WARNING)  # nobody has really connected
    protocol.connection_made(wire)
    protocol.data_received(HANDSHAKE)
    return protocol


def _drive_gate(protocol: CutoffProtocol, transport: Transport, wire: "_Wire") -> None:
    out: ASGISendEvent = {"type": "websocket.send", "text": "out"}
    transport.gate = lambda: Passage.PASS
    _finish(protocol.send(out))
    _expect(wire.take() == OUTBOUND_TEXT, "an open gate does not let a frame pass at once and whole")
    protocol.data_received(INBOUND_TEXT)
    _expect(wire.is_paused, "reading goes on while a message waits")
    transport.gate = lambda: Passage.SHUT
    with suppress(GateShut):
        _finish(protocol.send(out))
    _expect(not wire.written, "a frame passes a shut gate")


def _drive_close(protocol: CutoffProtocol, transport: Transport, wire: "_Wire") -> None:
    _expect(transport.write_close_now(4001), "the close frame cannot be written")
    _expect(wire.take() == CLOSE_4001, "the close frame is not what it should be")
    _expect(not wire.is_paused, "the peer's answer to the close is not read")
    events = [protocol.queue.get_nowait()["type"] for _ in range(protocol.queue.qsize())]
    _expect(events == ["websocket.connect", "websocket.disconnect"], f"the application receives {events}")
    _expect(protocol.close_timer is not None, "nothing bounds the close")
    transport.abort()
    _expect(wire.is_aborted, "an abort does not reach the transport")
    protocol.connection_lost(None)
    _expect(transport.closed.is_set(), "the loss of the connection is not noticed")


def _finish(sending: Coroutine[Any, Any, None]) -> None:
    try:
        sending.send(None)
    except StopIteration:
        return
    sending.close()
    raise RuntimeError("a send waits though nothing is in its way")


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001
    if not holds:
        raise RuntimeError(otherwise)


def _unsuitable(what: str) -> UnsuitableUvicornError:
    return UnsuitableUvicornError(
        f"uvicorn {uvicorn.__version__} does not fit app.realtime.uvicorn_protocol: {what}"
    )


async def _application(_scope: object, _receive: object, _send: object) -> None: ...


class _IdleLoop:
    """Takes tasks and timers, and runs none of them."""

    def time(self) -> float:
        return 0.0

    def get_debug(self) -> bool:
        return False

    def create_task(self, work: Coroutine[Any, Any, None]) -> "_IdleTask":
        work.close()
        return _IdleTask()

    def call_at(self, when: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        return asyncio.TimerHandle(when, callback, (), cast("Any", self))

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None: ...


class _IdleTask:
    def add_done_callback(self, _callback: object) -> None: ...


class _Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_paused = False
        self.is_aborted = False

    def get_protocol(self) -> asyncio.BaseProtocol:
        return asyncio.Protocol()

    def take(self) -> bytes:
        written, self.written = self.written, b""
        return written

    def write(self, data: Any) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.is_aborted

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def close(self) -> None: ...

    def abort(self) -> None:
        self.is_aborted = True
