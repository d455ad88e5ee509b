"""Other people's ASGI applications beside ours: their HTTP is their own, and their sockets are held as ours are.

A socket below a guest's prefix is attached, verified and admitted before the guest hears of it; each frame, in or
out, passes the gate; its end is told, enforced and accounted for. The guest only talks.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog

from app.domain.credential_state import GrantRecord
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ApiTokenId, SessionId
from app.realtime.connection import Connection, Receive
from app.realtime.conversation import accepted, failed
from app.realtime.guest_life import AsgiApp, GuestLife
from app.realtime.node import Node
from app.realtime.refusal import INTERNAL_ERROR, refused_for

__all__ = ["Guests", "Who", "who_is"]

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KEY = "cutoff.who"
NORMAL_CLOSURE = 1000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The account that a socket stands for, by which credential, and under which grant, if in a support session."""

    account_id: AccountId
    credential_type: CredentialType
    session_id: SessionId | None
    api_token_id: ApiTokenId | None
    grant: GrantRecord | None
    address: str


def who_is(scope: Mapping[str, Any]) -> Who:
    """Whose socket this is: for a guest, of its own scope. What it tells was true when the socket opened."""
    who: Who = scope[KEY]
    return who


class Guests:
    """The applications by the prefix of their paths, such as `/chat`; what lies below it is theirs.

    Raises: ValueError for a prefix that is none.
    """

    def __init__(self, applications: Mapping[str, AsgiApp], *, node: Node) -> None:
        for prefix in applications:
            if not prefix.startswith("/") or prefix.endswith("/"):
                raise ValueError(
                    f"{prefix!r} is no prefix: it begins with a slash, and does not end with one"
                )
        self._guests = {prefix: _Guest(prefix, app, node) for prefix, app in applications.items()}

    def at(self, path: str) -> "_Guest | None":
        """Whose path that is."""
        return next((guest for guest in self._guests.values() if guest.has(path)), None)

    async def start(self) -> None:
        """All have started. Raises: RuntimeError with what one of them said of its failure."""
        for guest in self._guests.values():
            await guest.life.start()

    async def stop(self) -> None:
        """All have stopped, the last one first."""
        for guest in reversed(self._guests.values()):
            await guest.life.stop()


class _Guest:
    """One application, and its entrance."""

    def __init__(self, prefix: str, app: AsgiApp, node: Node) -> None:
        self.life = GuestLife(app)
        self._prefix = prefix
        self._app = app
        self._holder = node.holder
        self._gateway = node.gateway_to(self._converse)

    def has(self, path: str) -> bool:
        return path == self._prefix or path.startswith(f"{self._prefix}/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as it is; one socket, through our gateway."""
        scope = {
            **scope,
            "root_path": scope.get("root_path", "") + self._prefix,
            "state": dict(self.life.state),
        }
        if scope["type"] == "websocket":
            await self._gateway(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _converse(self, connection: Connection, scope: Scope, receive: Receive, send: Send) -> None:
        visit = _Visit(connection, receive, send)
        try:
            await connection.carry(self._talk({**scope, KEY: _who(connection)}, visit))
        except Exception:  # noqa: BLE001 - a bug of theirs: the socket sees 1011, its neighbours nothing
            _log.exception("guest_failed", connection_id=str(connection.entry.connection_id))
            if visit.is_answered:
                failed(connection, self._holder)
        await visit.conclude()

    async def _talk(self, scope: Scope, visit: "_Visit") -> None:
        await self._app(scope, visit.receive, visit.send)


class _Visit:
    """What a guest hears and says on one socket."""

    def __init__(self, connection: Connection, receive: Receive, send: Send) -> None:
        self._connection = connection
        self._receive = receive
        self._send = send
        self._is_announced = False
        self.is_answered = False
        """It has let the socket open, or refused it."""

    async def receive(self) -> MutableMapping[str, Any]:
        """The connect first; then messages, as far as the gate lets them in; then the disconnect."""
        if not self._is_announced:
            self._is_announced = True
            return {"type": "websocket.connect"}
        event = await self._receive()
        if event["type"] == "websocket.receive" and not await self._connection.may_dispatch():
            return {"type": "websocket.disconnect", "code": 1006}
        return event

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Through the gate. Raises: ClientDisconnected when nothing can be said any more."""
        self.is_answered = True
        if message["type"] == "websocket.accept":
            await accepted(self._connection, self._send, message)
        else:
            await self._send(message)

    async def conclude(self) -> None:
        """The guest has no more to say: an upgrade without an answer gets one, and an open socket its close frame."""
        closing = self._connection.entry.closing
        if not self.is_answered:
            await (INTERNAL_ERROR if closing is None else refused_for(closing)).send(self._send)
        elif closing is None:
            self._connection.transport.write_close_now(NORMAL_CLOSURE)


def _who(connection: Connection) -> Who:
    record = connection.reading.record
    assert record is not None  # nobody is admitted without one
    return Who(
        account_id=record.account_id,
        credential_type=record.credential_type,
        session_id=record.session_id,
        api_token_id=record.api_token_id,
        grant=record.grant,
        address=connection.address,
    )
