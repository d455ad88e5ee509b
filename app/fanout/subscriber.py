"""Listens for close requests: a good one closes at once, and everything that is heard rings the tail's bell.

Nothing depends on it. It makes a revocation fast; the closure log makes it certain. It is given a
`ConnectionCloser` and knows nothing else of sockets.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

import structlog
from prometheus_client import Counter as Metric

from app.clock import boot_seconds
from app.config import Settings
from app.domain.connection_closer import ConnectionCloser
from app.domain.ids import NodeId
from app.fanout.close_now import close_now
from app.fanout.close_reading import Concerned
from app.fanout.echo_sender import EchoSender
from app.fanout.redis_address import RedisAddress
from app.fanout.subscription import PING_TICKS, TICK_S, Subscription
from app.fanout.wire import (
    BusCodec,
    CloseRequest,
    Echo,
    Rejected,
    Rejection,
    Ring,
    close_channel,
    echo_channel,
)

__all__ = ["Subscriber", "SubscriberCounts"]

GAPS = Metric(
    "cutoff_bus_gaps_total", "Confirmed subscriptions; before each of them a message may have been missed."
)
REJECTED = Metric("cutoff_bus_rejected_total", "Messages that were dropped, by why.", ["why"])
_REJECTED = {why: REJECTED.labels(why.value) for why in Rejection}

_log = structlog.get_logger(__name__)
_DICE = secrets.SystemRandom()


@dataclass(slots=True)
class SubscriberCounts:
    """What has happened since the start."""

    messages: int = 0
    gaps: int = 0
    """Confirmed subscriptions: before each of them something may have been missed."""
    rejected: Counter[Rejection] = field(default_factory=Counter)
    foreign: int = 0
    """Close requests of another database cluster, or before our own was known."""
    closed: int = 0
    failures: int = 0
    """Closures whose closer raised."""


class Subscriber:
    """A node's ear on the close channel, for as long as `run` runs.

    `ring` asks the tail to read the log soon and says why ("message", "subscribed"); it must not block.
    `system_identifier` answers which database cluster the node reads, None while that is not known: a
    message of another one closes nothing, since its transaction numbers mean nothing here. `concerned` answers
    which targets' closures the closer has to be told of, synchronously with the telling; None means all.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        node_id: NodeId,
        closer: ConnectionCloser,
        ring: Callable[[str], None],
        system_identifier: Callable[[], str | None],
        concerned: Concerned | None = None,
        clock: Callable[[], float] = boot_seconds,
        jitter: Callable[[], float] = _DICE.random,
        tick_s: float = TICK_S,
    ) -> None:
        self.counts = SubscriberCounts()
        self.last_echo_at: float | None = None
        self._node_id = node_id
        self._closer = closer
        self._ring = ring
        self._system_identifier = system_identifier
        self._concerned = concerned
        self._clock = clock
        self._codec = BusCodec.from_settings(settings)
        self._subscription = Subscription(
            address=RedisAddress.parse(settings.redis_url),
            channel=close_channel(settings.namespace).encode(),
            echo_channel=echo_channel(settings.namespace, node_id).encode(),
            on_message=self._on_message,
            on_echo=self._on_echo,
            on_confirmed=self._on_confirmed,
            clock=clock,
            jitter=jitter,
            tick_s=tick_s,
        )

    @property
    def is_subscribed(self) -> bool:
        """Whether Redis has confirmed the subscription, and it has not been found lost, silent or deaf since."""
        return self._subscription.is_confirmed

    @property
    def last_frame_at(self) -> float | None:
        """When Redis was last heard at all, by the clock; None if never."""
        return self._subscription.last_frame_at

    @property
    def losses(self) -> Counter[str]:
        """How many connections ended, or never came about, by why."""
        return self._subscription.losses

    async def run(self) -> None:
        """Until cancelled; nothing that Redis does, or does not do, raises or blocks the loop."""
        subscription = self._subscription
        echoes = EchoSender(
            address=subscription.address,
            channel=subscription.echo_channel,
            payload=lambda nonce: self._codec.encode_echo(self._node_id, nonce),
            published=self._on_echo_published,
            interval_s=subscription.tick_s * PING_TICKS,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(echoes.run())
            group.create_task(subscription.keep())

    def _on_confirmed(self) -> None:
        self.counts.gaps += 1
        GAPS.inc()
        _log.info("bus_subscribed", gaps=self.counts.gaps)
        self._ring("subscribed")

    def _on_echo_published(self, nonce: int) -> None:
        self._subscription.health.published(nonce)

    def _on_echo(self, payload: bytes) -> None:
        decoded = self._codec.decode(payload)
        if isinstance(decoded, Echo) and decoded.node_id == self._node_id:
            self.last_echo_at = self._clock()
            self._subscription.health.heard_echo(decoded.nonce)

    def _on_message(self, payload: bytes) -> None:
        self.counts.messages += 1
        if self._acts_on(payload):
            self._ring("message")

    def _acts_on(self, payload: bytes) -> bool:
        """What the message closes is closed; the answer is whether the log is worth reading."""
        decoded = self._codec.decode(payload, self._concerned)
        match decoded:
            case CloseRequest():
                self._close(decoded)
                return True
            case Ring():
                return True
            case Rejected(why, rings):
                self.counts.rejected[why] += 1
                _REJECTED[why].inc()
                return rings
            case Echo():
                return False
            case _:
                assert_never(decoded)

    def _close(self, request: CloseRequest) -> None:
        if request.system_identifier != self._system_identifier():
            self.counts.foreign += 1
        elif request.closures:
            outcome = close_now(request.closures, self._closer)
            self.counts.closed += outcome.closed
            self.counts.failures += outcome.failures
