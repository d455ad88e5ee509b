"""One socket's shell: asks its gate, answers its requests, and goes down the ladder when its gate is shut."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from functools import lru_cache, partial
from typing import Any, Protocol

from uvicorn.protocols.utils import ClientDisconnected

from app.clock import boot_seconds
from app.domain.closing import Closing, Retry
from app.realtime.farewell import Farewell, farewell
from app.realtime.messages import Malformed, closing_frame, error_frame, parse_request
from app.realtime.metrics import FRAMES_HELD
from app.realtime.transport import Transport
from app.realtime.waiting import Once, Waiters
from app.sockets.admission import Reading
from app.sockets.currency import Currency
from app.sockets.entry import Entry
from app.sockets.gate import Passage, passage
from app.sockets.ladder import FirstStep, Outcome, first_step, outcome_of

__all__ = ["Answers", "Connection", "Receive", "come_back_in_ms"]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

COME_BACK_WITHIN_MS = 200
COME_BACK_SPREAD_MS = 2
"""For each socket that is closed with it, the time in which they come back is longer by this."""
COME_BACK_AT_MOST_MS = 30_000
FAREWELLS_KEPT = 64
"""Whoever closes for one reason is told the same; those who are to come back, each at an instant of their own, share none."""

_dice = secrets.SystemRandom()


class Answers(Protocol):
    """What is done about requests: some can be answered at once, others need the database and a task of their own."""

    def at_once(self, connection: "Connection", request: Any) -> str | None:
        """The reply; None for a request that takes time."""
        ...

    def in_time(self, connection: "Connection", request: Any) -> Coroutine[Any, Any, None]:
        """Carries the request out and replies; cancelled when the socket closes."""
        ...


class Connection:
    """The handle of an entry."""

    def __init__(
        self, entry: Entry, transport: Transport, currency: Currency, *, address: str, reading: Reading
    ) -> None:
        self.entry = entry
        self.reading = reading
        """What it was admitted by."""
        self.transport = transport
        self.address = address
        self.last_ping_at = boot_seconds()
        self.listening_since = self.last_ping_at
        """Silence before this is not the peer's: its gate was holding, and so nothing was read."""
        self.is_leaving = False
        """It has asked for its own end: what it sends behind that is not dispatched."""
        self._currency = currency
        self._said_goodbye = False
        self._handler: asyncio.Task[None] | None = None
        self._handled: Once | None = None
        self._changed = Waiters()
        self._forget: Callable[[Connection], None] | None = None
        transport.on_lost = self._on_lost

    def passage(self) -> Passage:
        """The gate, at this instant (R9)."""
        return passage(self.entry, self._currency, boot_seconds())

    def gate_changed(self) -> None:
        """Whoever waits at the gate, in either direction, asks again."""
        self._changed.wake()
        self.transport.gate_changed()

    async def reply(self, text: str) -> None:
        """Written, through the gate. Raises: ClientDisconnected when it cannot be any more."""
        await self.transport.send(text)

    async def converse(self, receive: Receive, answers: Answers) -> None:
        """Requests are answered one after the other until the peer leaves or the gate is shut.

        What an answer raises that is not the peer's departure comes out of here.
        """
        try:
            while True:
                event = await receive()
                if event["type"] == "websocket.disconnect" or not await self.may_dispatch():
                    return
                if not self.is_leaving:
                    await self._dispatch(event, answers)
        except ClientDisconnected:
            return

    async def may_dispatch(self) -> bool:
        """Whether what has come in may be acted on, once that is certain: the gate was waited for (R9)."""
        passes = self.passage()
        if passes is Passage.WAIT:
            FRAMES_HELD.labels("in").inc()
        while passes is Passage.WAIT:
            if self.transport.closed.is_set():
                return False
            await self._changed.wait()
            passes = self.passage()
        return passes is Passage.PASS

    async def carry(self, work: Coroutine[Any, Any, None]) -> None:
        """Until it is done, or the socket closes: a handler that swallows its cancellation is not waited for."""
        handled = self._handled = Once()
        handler = self._handler = asyncio.get_running_loop().create_task(work)
        handler.add_done_callback(partial(_ended, handled))
        try:
            await handled.wait()
        except asyncio.CancelledError:
            handler.cancel()
            raise
        if handler.done() and not handler.cancelled():
            handler.result()

    def begin_to_close(self, *, among: int) -> None:
        """The peer is told and has the grace to answer, or is reset; handlers in flight are cancelled (R11).

        `wind_down` is to follow.
        """
        closing = self.entry.closing
        assert closing is not None
        match first_step(is_open=self.transport.is_open, unsent_bytes=self.transport.unsent()):
            case FirstStep.SAY_GOODBYE:
                self._say_goodbye(closing, among)
            case FirstStep.ABORT:
                self.transport.drop_inbound()
                self.transport.abort()
            case FirstStep.LET_GO:
                self.transport.drop_inbound()
                self.transport.abort_after_grace()
        if self._handler is not None and self._handled is not None:
            self._handler.cancel()
            self._handled.set()

    def wind_down(self) -> None:
        """The application and whoever waits at the gate hear of it; the connection ends with the answer, or the grace."""
        self.transport.wind_down()
        self._changed.wake()

    def abort(self) -> None:
        """The connection is reset."""
        self.transport.abort()

    def when_gone(self, forget: Callable[["Connection"], None]) -> None:
        """It is called when the connection is no more, after the grace at the latest; at once, if it is so already.

        No task waits for it: in a storm, that would be one more turn of each socket's.
        """
        self._forget = forget
        if self.transport.closed.is_set():
            self._on_lost()
        else:
            self.transport.abort_after_grace()

    def outcome(self) -> Outcome:
        """How it went, once the transport is gone."""
        return outcome_of(
            said_goodbye=self._said_goodbye,
            peer_answered=self.transport.peer_answered_close,
            was_aborted=self.transport.is_aborted,
        )

    def _on_lost(self) -> None:
        self._changed.wake()
        forget, self._forget = self._forget, None
        if forget is not None:
            forget(self)

    async def _dispatch(self, event: MutableMapping[str, Any], answers: Answers) -> None:
        try:
            request = parse_request(
                event.get("text") or (event.get("bytes") or b"").decode("utf-8", "replace")
            )
        except Malformed as malformed:
            await self.reply(error_frame(malformed.problem, malformed.request_id))
            return
        reply = answers.at_once(self, request)
        if reply is not None:
            await self.reply(reply)
        else:
            await self.carry(answers.in_time(self, request))

    def _say_goodbye(self, closing: Closing, among: int) -> None:
        self._said_goodbye = True
        self.transport.say_farewell(_farewell_for(closing, come_back_in_ms(closing, among=among)))


@lru_cache(maxsize=FAREWELLS_KEPT)
def _farewell_for(closing: Closing, retry_after_ms: int) -> Farewell:
    last = closing_frame(closing, retry_after_ms=retry_after_ms)
    return farewell(closing.code, closing.reason, last)


def _ended(handled: Once, handler: asyncio.Task[None]) -> None:
    handled.set()
    if not handler.cancelled():
        handler.exception()  # seen: nobody asks for it once the socket has closed


def come_back_in_ms(closing: Closing, *, among: int) -> int:
    """When a peer may come back that is closed with so many others, not all in one instant; 0 if it should not."""
    if closing.retry is not Retry.NOW:
        return 0
    spread_ms = min(COME_BACK_WITHIN_MS + COME_BACK_SPREAD_MS * among, COME_BACK_AT_MOST_MS)
    return _dice.randrange(1, spread_ms)
