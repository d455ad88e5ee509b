"""One event stream's shell: asks its gate before each event, and says why it ends.

To everybody but the page it is a socket: it has an entry, is closed by the same closures, counts in receipts and in the
number of live sockets, and the outcome is `clean` when its last event was taken and the connection ended in time.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from app.clock import boot_seconds
from app.domain.closing import Closing
from app.realtime.connection import come_back_in_ms
from app.realtime.http_protocol import StreamTransport
from app.realtime.messages import closing_frame
from app.sockets.currency import Currency
from app.sockets.entry import Entry
from app.sockets.gate import Passage, passage
from app.sockets.ladder import FirstStep, Outcome, first_step, outcome_of

__all__ = ["EventStream"]

KEEPALIVE_S = 15.0
"""At most so long is nothing sent, so that proxies keep the connection, and a peer that is gone is noticed."""
BROWSER_RETRY_MS = 2_000

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class EventStream:
    """The handle of an entry."""

    def __init__(self, entry: Entry, transport: StreamTransport, currency: Currency) -> None:
        self.entry = entry
        self.transport = transport
        self._currency = currency
        self._changed = asyncio.Event()
        self._waiting: dict[str, None] = {}
        self._among = 1
        self._is_finished = False
        self._said_goodbye = False

    def passage(self) -> Passage:
        """The gate, at this instant (R9)."""
        return passage(self.entry, self._currency, boot_seconds())

    def tell(self, topic: str) -> None:
        """The page will hear that the topic has changed; once, however often it is told before it can be sent."""
        self._waiting[topic] = None
        self._changed.set()

    def finish(self) -> None:
        """The stream ends, without a reason; the page may come back."""
        self._is_finished = True
        self._changed.set()

    def gate_changed(self) -> None:
        """It is looked again whether something may be sent."""
        self._changed.set()

    def begin_to_close(self, *, among: int) -> None:
        """The page is being told, or the connection is reset; nothing that waited is sent (R11)."""
        self._among = among
        match first_step(is_open=self.transport.is_open, unsent_bytes=self.transport.unsent()):
            case FirstStep.ABORT:
                self.transport.abort()
            case FirstStep.SAY_GOODBYE | FirstStep.LET_GO:
                self.transport.abort_after_grace()
        self._changed.set()

    def wind_down(self) -> None:
        """Nothing is left: the stream's own task tells the page, and ends."""

    def abort(self) -> None:
        """The connection is reset."""
        self.transport.abort()

    async def gone(self) -> None:
        """The connection is no more; after the grace at the latest."""
        self.transport.abort_after_grace()
        await self.transport.closed.wait()

    def outcome(self) -> Outcome:
        """How it went: `clean` if the last event was taken and the connection ended within the grace."""
        return outcome_of(
            said_goodbye=self._said_goodbye,
            peer_answered=not self.transport.is_aborted,
            was_aborted=self.transport.is_aborted,
        )

    async def run(self, send: Send) -> None:
        """Until the peer leaves, the gate is shut, or it is finished."""
        while self.transport.is_open:
            self._changed.clear()
            if self.entry.closing is not None:
                await self._say_goodbye(send, self.entry.closing)
                return
            if self._is_finished:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            if not await self._send_what_waits(send):
                await self._wait(send)

    async def _send_what_waits(self, send: Send) -> bool:
        """Whether something could be sent: from the gate to the write there is no await that waits."""
        if not self._waiting or not self._may_write():
            return False
        topic = next(iter(self._waiting))
        del self._waiting[topic]
        await _write(send, f"event: changed\ndata: {topic}\n\n")
        return True

    async def _wait(self, send: Send) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(KEEPALIVE_S):
                await self._changed.wait()
            return
        if self._may_write():
            await _write(send, ":\n\n")

    def _may_write(self) -> bool:
        return self.passage() is Passage.PASS and self.transport.takes_bytes

    async def _say_goodbye(self, send: Send, closing: Closing) -> None:
        """Past the gate, like a socket's last message; then the body ends, and the connection with it."""
        if not self.transport.takes_bytes:
            self.transport.abort()
            return
        self._said_goodbye = True
        told = closing_frame(closing, retry_after_ms=come_back_in_ms(closing, among=self._among))
        await _write(send, f"event: closing\ndata: {told}\n\n", is_last=True)


async def _write(send: Send, text: str, *, is_last: bool = False) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": not is_last})
