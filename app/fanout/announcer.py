"""Says on the bus what a request's own transaction has ended, beside an event loop that does not wait for it."""

from contextvars import copy_context
from functools import partial

from app.domain.targets import Announced
from app.fanout.daemon_executor import DaemonExecutor
from app.fanout.publisher import Publisher
from app.logs.tracing import span

__all__ = ["Announcer", "say"]

PENDING = 64
CLOSE_WITHIN_S = 1.0


class Announcer:
    """Publishes on a thread of its own. Build it after the fork.

    What it does not say, because Redis hangs or is away, is only later: whoever performs the revocation says all of it.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._thread = DaemonExecutor(name="announce", threads=1, pending=PENDING)

    def announce(self, announced: Announced) -> None:
        """What has been committed is said soon, or not at all if too much waits already; returns at once."""
        _under_way = self._thread.submit(partial(copy_context().run, say, self._publisher, announced))

    def close(self) -> None:
        """Nothing is said any more; takes a bounded time, also while Redis hangs."""
        self._thread.close(timeout_s=CLOSE_WITHIN_S)


def say(publisher: Publisher, announced: Announced) -> bool:
    """Whether the bus took what is committed, in a span of its own."""
    with span("publish", kind="producer", cutoff__closures=len(announced.closures)) as publishing:
        is_taken = publisher.publish(announced.closures, system_identifier=announced.system_identifier)
        publishing.note(cutoff__is_taken=is_taken)
    return is_taken
