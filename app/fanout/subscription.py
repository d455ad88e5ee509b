"""Keeps one subscription alive: dials, asks for proofs of life, and dials again when they do not come."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import hiredis
import structlog

from app.fanout.channels import PLAIN, Verbs
from app.fanout.redis_stream import Frame, RedisStream, dial
from app.fanout.routes import Route
from app.fanout.subscription_health import SILENT_TICKS, SubscriptionHealth

__all__ = ["PING_TICKS", "TICK_S", "Subscription"]

TICK_S = 0.3
PING_TICKS = 3
DIAL_TIMEOUT_S = 1.0
FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 1.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Subscription:
    """The channel and the node's own echo channel, on one connection at a time.

    `on_confirmed` is called for each confirmation: whatever was published before it may have been missed.
    `nonce_of` reads an echo: its number, or None if it is not this node's. `losses` counts connections that ended, or never came about, by why.
    """

    route: Route
    channel: bytes
    echo_channel: bytes
    on_message: Callable[[bytes], None]
    nonce_of: Callable[[bytes], int | None]
    on_confirmed: Callable[[], None]
    clock: Callable[[], float]
    jitter: Callable[[], float]
    verbs: Verbs = PLAIN
    tick_s: float = TICK_S
    losses: Counter[str] = field(default_factory=Counter)
    last_echo_at: float | None = None
    health: SubscriptionHealth = field(default_factory=SubscriptionHealth)
    _stream: RedisStream | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether Redis has confirmed it on a connection that has not ended since."""
        return self._stream is not None and not self._stream.lost.done() and self.health.is_confirmed

    def expect_echo(self, nonce: int) -> None:
        """Redis has taken the echo of that number: it should be heard."""
        self.health.published(nonce)

    async def keep(self) -> None:
        """Until cancelled; nothing that Redis does, or does not do, raises or blocks the loop."""
        failures = 0
        while True:
            why = await self._listen()
            self.losses[why] += 1
            failures = 1 if self.health.ticks > SILENT_TICKS else failures + 1
            if failures == 1:
                _log.warning("bus_lost", why=why, channel=self.channel.decode())
            await asyncio.sleep(self._retry_delay_s(failures))

    def _retry_delay_s(self, failures: int) -> float:
        longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures - 1, 8))
        return longest * (0.5 + self.jitter() / 2)

    async def _listen(self) -> str:
        """One connection, until it is over; the answer is why."""
        self.health = SubscriptionHealth()
        try:
            self._stream = await dial(await self.route.find(), self._on_frame, timeout_s=DIAL_TIMEOUT_S)
            return await self._listen_on(self._stream)
        except Exception as error:  # noqa: BLE001 - whatever it is, a listener that has ended hears nothing
            return type(error).__name__

    async def _listen_on(self, stream: RedisStream) -> str:
        try:
            stream.send(self.verbs.subscribe, self.channel)
            stream.send(self.verbs.subscribe, self.echo_channel)
            while not stream.lost.done():
                await asyncio.wait({stream.lost}, timeout=self.tick_s)
                self._tick(stream)
            return stream.lost.result()
        finally:
            stream.abort("stopped")

    def _tick(self, stream: RedisStream) -> None:
        doubt = self.health.tick()
        if doubt is not None:
            stream.abort(doubt)
        elif self.health.ticks % PING_TICKS == 0:
            stream.send("PING")

    def _on_frame(self, frame: Frame) -> None:
        self.health.heard_frame()
        try:
            self._take(frame)
        except Exception:  # noqa: BLE001 - a bug in what a message leads to must not cost the subscription
            _log.exception("bus_frame_failed")

    def _take(self, frame: Frame) -> None:
        match frame:
            case [self.verbs.message, self.channel, bytes(payload)]:
                self.health.heard_message()
                self.on_message(payload)
            case [self.verbs.message, self.echo_channel, bytes(payload)]:
                self._hear_echo(payload)
            case [self.verbs.subscribed, self.channel, _]:
                self.health.is_confirmed = True
                self.on_confirmed()
            case [self.verbs.subscribed, self.echo_channel, _]:
                self.health.is_echo_confirmed = True
            case [b"sunsubscribe", *_]:
                self._abort("moved")
            case hiredis.ReplyError():
                self._on_refused(str(frame))
            case _:
                """A pong: that it came was all it had to say."""

    def _hear_echo(self, payload: bytes) -> None:
        nonce = self.nonce_of(payload)
        if nonce is not None:
            self.last_echo_at = self.clock()
            self.health.heard_echo(nonce)

    def _on_refused(self, answer: str) -> None:
        """A subscription without echoes is worth having still; one whose slot has gone elsewhere is not."""
        if self.route.is_redirected_by(answer):
            self._abort("moved")
            return
        _log.error("bus_refused", answer=answer)
        if not self.health.is_confirmed:
            self._abort("refused")

    def _abort(self, why: str) -> None:
        if self._stream is not None:
            self._stream.abort(why)
