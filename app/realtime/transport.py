"""What the gateway can do with one connection that ASGI has no words for.

ASGI can neither write past a sender that waits, nor see what lies in a buffer, nor abort. `Transport` can; the
protocol class in `app.realtime.uvicorn_protocol` makes one for each connection and puts it into the scope.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close
from websockets.protocol import State

from app.realtime.farewell import Farewell, farewell
from app.realtime.sending import Sending
from app.realtime.tcp import reset, unsent_bytes
from app.realtime.waiting import Once

__all__ = ["EXTENSION", "Transport", "transport_of"]

EXTENSION = "cutoff"
"""Where the scope's extensions hold the connection's `Transport`."""

CLOSE_GRACE_S = 1.0


class Transport(Sending):
    """One connection, as the gateway sees it.

    Nothing here waits, except senders within `send`. Everything may be called at any time and repeatedly, also
    when the connection is gone. A connection without a gate is mute: whoever sends on it gets `GateShut`.
    """

    __slots__ = (
        "_abort_at",
        "_has_left",
        "_untold",
        "closed",
        "connection_lost_at",
        "grace_s",
        "is_aborted",
        "is_deaf",
        "is_held",
        "last_heard_at",
        "on_lost",
        "on_shutdown",
    )

    def __init__(self, protocol: WebSocketsSansIOProtocol, *, now: float) -> None:
        super().__init__(protocol)
        self._abort_at: float | None = None
        self._untold: Close | None = None
        self._has_left = False
        self.on_lost: Callable[[], None] | None = None
        """Called when the connection is lost, after `closed` is set."""
        self.on_shutdown: Callable[[], None] | None = None
        """Called instead of uvicorn's own close when the server stops; the callee then sees to the close."""
        self.grace_s = CLOSE_GRACE_S
        """How long a connection that is closing may last; then it is aborted."""
        self.closed = Once()
        """Set when the connection is lost: nothing more can reach the peer."""
        self.connection_lost_at: float | None = None
        self.last_heard_at = now
        """When the peer last sent anything at all, on the clock of `app.clock.boot_seconds`."""
        self.is_aborted = False
        self.is_held = False
        self.is_deaf = False

    @property
    def is_open(self) -> bool:
        """Whether the handshake is over, no close frame was sent or received, and TCP is not going down."""
        protocol = self._protocol
        return (
            protocol.conn.state is State.OPEN
            and not protocol.disconnected
            and not protocol.transport.is_closing()
        )

    @property
    def peer_answered_close(self) -> bool:
        """Whether the peer's close frame came, be it as an answer or first."""
        return self._protocol.conn.close_rcvd is not None

    @property
    def is_reading(self) -> bool:
        """Whether pongs and the peer's end could be noticed; not while held, nor while a message waits unread."""
        return not self.is_held and not self._protocol.read_paused and not self._protocol.disconnected

    def buffered(self) -> int:
        """Bytes that the kernel has not taken yet."""
        if self._protocol.disconnected:
            return 0
        return self._protocol.transport.get_write_buffer_size()

    def unsent(self) -> int:
        """Bytes that have not left this machine: `buffered`, and on Linux what the kernel holds back as well.

        Above zero, the peer (or the path to it) is not keeping up, and a close frame would come after all that.
        """
        return 0 if self._protocol.disconnected else unsent_bytes(self._protocol.transport)

    def write_now(self, message: str | bytes) -> bool:
        """The message has been written, past the gate and before whoever waits; False if nothing can be written."""
        if not self.is_open:
            return False
        self._write(message)
        return True

    def write_close_now(self, code: int, reason: str = "", *, after: str | None = None) -> bool:
        """The close frame has been written, past the gate; False if it could not be (closed already, or no 101 yet).

        `after` is a last message, which goes before it in the same write. No application data goes out or comes in
        any more, `receive()` yields the disconnect at once, and the connection is aborted when the grace is over,
        whatever the peer does.
        """
        if not self.is_open:
            return False
        self.say_farewell(farewell(code, reason, after))
        self.wind_down()
        return True

    def say_farewell(self, last: Farewell) -> None:
        """The first half of `write_close_now`, on a connection that is open, with what has been made already.

        The peer is told, and nothing goes out any more. The grace has begun. All else is left to `wind_down`.
        """
        protocol = self._protocol
        protocol.transport.write(last.say(protocol.conn))
        protocol.close_sent = True
        self._untold = last.close
        self._abort_at = self._abort_at or protocol.loop.time() + self.grace_s

    def wind_down(self) -> None:
        """The second half, which may come later: the application receives the disconnect, and the connection ends.

        It ends at once if the peer has answered or left meanwhile. Without a farewell nothing happens.
        """
        if not self.tell_application():
            return
        self.is_held = False
        if self.peer_answered_close or self._has_left:
            self._protocol.transport.close()
        self.drop_inbound()
        self.abort_after_grace()
        self.gate_changed()

    def tell_application(self) -> bool:
        """Whether it had not yet been told of a farewell; now it has."""
        close, self._untold = self._untold, None
        if close is None:
            return False
        self._protocol.queue.put_nowait(
            {"type": "websocket.disconnect", "code": close.code, "reason": close.reason}
        )
        return True

    def answered(self) -> None:
        """For the protocol: the peer has answered the farewell, so the connection ends, or does when it is wound down."""
        if self._untold is None:
            self._protocol.transport.close()

    def left(self) -> bool:
        """For the protocol: the peer sends no more. Whether the connection is kept until it is wound down."""
        self._has_left = True
        return self._untold is not None

    def ping(self, payload: bytes = b"") -> bool:
        """A ping has been written; False, and nothing written, to a peer that does not read or is closing."""
        protocol = self._protocol
        if not self.is_open or not protocol.writable.is_set():
            return False
        protocol.conn.send_ping(payload)
        protocol.transport.write(b"".join(protocol.conn.data_to_send()))
        return True

    def abort(self) -> None:
        """The connection is reset, and the kernel has thrown away what it had not delivered."""
        protocol = self._protocol
        if self.is_aborted or protocol.disconnected:
            return
        self.is_aborted = True
        reset(protocol.transport)

    def abort_after_grace(self) -> None:
        """The connection will be aborted `grace_s` after the first call, unless it is lost before."""
        protocol = self._protocol
        if protocol.disconnected or protocol.close_timer is not None:
            return
        if self._abort_at is None:
            self._abort_at = protocol.loop.time() + self.grace_s
        protocol.close_timer = protocol.loop.call_at(self._abort_at, self.abort)

    def pause_reading(self) -> None:
        """Nothing is read from the peer until `resume_reading`, or a close; neither its pongs nor its end are seen."""
        if not self._protocol.close_sent and not self._protocol.disconnected:
            self.is_held = True
            self._protocol.transport.pause_reading()

    def resume_reading(self) -> None:
        """The peer is read again, as far as the application keeps up."""
        self.is_held = False
        if not self._protocol.read_paused and not self._protocol.disconnected:
            self._protocol.transport.resume_reading()

    def drop_inbound(self) -> None:
        """No message is received any more: neither queued, nor half-received, nor later ones. It cannot be undone."""
        protocol = self._protocol
        self.is_deaf = True
        protocol.frames = []
        if not protocol.queue.empty():
            _drop_messages(protocol.queue)
        protocol.read_paused = False
        if not self.is_held and not protocol.disconnected:
            protocol.transport.resume_reading()

    def lost(self, *, now: float) -> None:
        """For the protocol: TCP is gone."""
        self.connection_lost_at = now
        self.closed.set()
        self.gate_changed()
        if self.on_lost is not None:
            self.on_lost()

    def let_go(self) -> None:
        """For the protocol: all is over. The connection stays mute, and refers to nobody who could be asked."""
        self.gate = self.on_lost = self.on_shutdown = None


def _drop_messages(queue: asyncio.Queue[ASGIReceiveEvent]) -> None:
    """What is no message stays, in its order."""
    for event in [queue.get_nowait() for _ in range(queue.qsize())]:
        if event["type"] != "websocket.receive":
            queue.put_nowait(event)


def transport_of(scope: Mapping[str, Any]) -> Transport:
    """The handle of the connection that this scope belongs to.

    Raises:
        RuntimeError: the server does not run with `CutoffProtocol`, so no revocation could be enforced.
    """
    transport = scope.get("extensions", {}).get(EXTENSION)
    if not isinstance(transport, Transport):
        raise RuntimeError("sockets need uvicorn with ws=app.realtime.uvicorn_protocol.CutoffProtocol")  # noqa: TRY004
    return transport
