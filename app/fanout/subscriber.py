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
from app.fanout.channels import Shard, shards_of
from app.fanout.close_now import close_now
from app.fanout.close_reading import Concerned
from app.fanout.echo_sender import EchoSender
from app.fanout.routes import routes_to
from app.fanout.subscription import PING_TICKS, TICK_S, Subscription
from app.fanout.wire import (
    BusCodec,
    CloseRequest,
    Echo,
    Rejected,
    Rejection,
    Ring,
)

__all__ = ["CLOSED", "Subscriber", "SubscriberCounts"]

CLOSED = "closed"
"""Why the bell rings for a message whose closures have all been applied: the log can say nothing new of them."""

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
    """A node's ear on every channel of close requests, for as long as `run` runs.

    `ring` asks the tail to read the log soon and says why (`CLOSED`, "message", "subscribed"); it must not block.
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
        self._node_id = node_id
        self._closer = closer
        self._ring = ring
        self._system_identifier = system_identifier
        self._concerned = concerned
        self._clock = clock
        self._codec = BusCodec.from_settings(settings)
        self._route_to = routes_to(settings)
        self._jitter = jitter
        self._tick_s = tick_s
        self._subscriptions = tuple(self._subscription_to(shard) for shard in shards_of(settings))

    @property
    def is_subscribed(self) -> bool:
        """Whether Redis has confirmed every channel, and none has been found lost, silent or deaf since."""
        return all(subscription.is_confirmed for subscription in self._subscriptions)

    @property
    def last_echo_at(self) -> float | None:
        """Since when every channel is known to bring what is published; None while one has never brought an echo."""
        heard = [at for each in self._subscriptions if (at := each.last_echo_at) is not None]
        return min(heard) if len(heard) == len(self._subscriptions) else None

    @property
    def losses(self) -> Counter[str]:
        """How many connections ended, or never came about, by why."""
        return sum((subscription.losses for subscription in self._subscriptions), Counter[str]())

    async def run(self) -> None:
        """Until cancelled; nothing that Redis does, or does not do, raises or blocks the loop."""
        async with asyncio.TaskGroup() as group:
            for subscription in self._subscriptions:
                group.create_task(self._echoes_for(subscription).run())
                group.create_task(subscription.keep())

    def _subscription_to(self, shard: Shard) -> Subscription:
        return Subscription(
            route=self._route_to(shard),
            verbs=shard.verbs,
            channel=shard.close.encode(),
            echo_channel=shard.echo(self._node_id).encode(),
            on_message=self._on_message,
            nonce_of=self._nonce_of,
            on_confirmed=self._on_confirmed,
            clock=self._clock,
            jitter=self._jitter,
            tick_s=self._tick_s,
        )

    def _echoes_for(self, subscription: Subscription) -> EchoSender:
        return EchoSender(
            route=subscription.route,
            verbs=subscription.verbs,
            channel=subscription.echo_channel,
            payload=lambda nonce: self._codec.encode_echo(self._node_id, nonce),
            published=subscription.expect_echo,
            interval_s=subscription.tick_s * PING_TICKS,
        )

    def _on_confirmed(self) -> None:
        self.counts.gaps += 1
        GAPS.inc()
        _log.info("bus_subscribed", gaps=self.counts.gaps)
        self._ring("subscribed")

    def _nonce_of(self, payload: bytes) -> int | None:
        decoded = self._codec.decode(payload)
        return decoded.nonce if isinstance(decoded, Echo) and decoded.node_id == self._node_id else None

    def _on_message(self, payload: bytes) -> None:
        self.counts.messages += 1
        why = self._acts_on(payload)
        if why is not None:
            self._ring(why)

    def _acts_on(self, payload: bytes) -> str | None:
        """What the message closes is closed; the answer is why the log is worth reading, None if it is not."""
        decoded = self._codec.decode(payload, self._concerned)
        match decoded:
            case CloseRequest():
                return CLOSED if self._close(decoded) else "message"
            case Ring():
                return "message"
            case Rejected(why, rings):
                self.counts.rejected[why] += 1
                _REJECTED[why].inc()
                return "message" if rings else None
            case Echo():
                return None
            case _:
                assert_never(decoded)

    def _close(self, request: CloseRequest) -> bool:
        """Whether all that the request names has been applied, and nothing is left for the log to do."""
        if request.system_identifier != self._system_identifier():
            self.counts.foreign += 1
            return False
        if not request.closures:
            return True
        outcome = close_now(request.closures, self._closer)
        self.counts.closed += outcome.closed
        self.counts.failures += outcome.failures
        return not outcome.failures and not outcome.left_to_the_log
