"""Says on the bus what has been committed to the closure log. Losing a message costs time, never a closure."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from prometheus_client import Counter

from app.config import Settings
from app.domain.targets import Closure
from app.fanout.combining import Combining
from app.fanout.sender import sender_for
from app.fanout.wire import BusCodec

__all__ = ["Publisher"]

MESSAGES = Counter("cutoff_bus_published_total", "Messages that this process gave to Redis.")
FAILURES = Counter("cutoff_bus_publish_failures_total", "Times that Redis did not take what was published.")


@dataclass(frozen=True, slots=True)
class _Said:
    """Closures of one database cluster; none is a ring."""

    closures: Sequence[Closure]
    system_identifier: str


class Publisher:
    """Publishes after commit; for any thread. Build it after the fork.

    What threads publish while a send is under way goes out together in the next one, in as few messages as may be.
    """

    def __init__(self, settings: Settings) -> None:
        self.failures = 0
        self._codec = BusCodec.from_settings(settings)
        self._sender = sender_for(settings)
        self._sends = Combining(self._say)

    def publish(self, closures: Sequence[Closure], *, system_identifier: str) -> bool:
        """Whether Redis took all of it: one round trip, after that of others which may be under way; no exception.

        It takes a bounded time even if Redis is frozen: that of two sends. False means that the nodes will learn of
        it from the log, within one tail interval.
        """
        return self._sends.do(_Said(closures, system_identifier)) if closures else True

    def ring(self) -> bool:
        """Every node that hears it reads the log; whether Redis took it."""
        return self._sends.do(_Said((), ""))

    def close(self) -> None:
        """Its connections are closed; may be called twice."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _say(self, said: Sequence[_Said]) -> bool:
        """Any message rings, so a ring is one of its own only where nothing else is said."""
        closures: dict[str, list[Closure]] = {}
        for each in said:
            if each.closures:
                closures.setdefault(each.system_identifier, []).extend(each.closures)
        messages: list[bytes] = []
        for system_identifier, those in closures.items():
            messages += self._codec.encode(those, system_identifier=system_identifier)
        return self._send(messages or [self._codec.encode_ring()])

    def _send(self, messages: Sequence[bytes]) -> bool:
        if not self._sender.send(messages):
            self.failures += 1
            FAILURES.inc()
            return False
        MESSAGES.inc(len(messages))
        return True
