"""All that belongs to a node's sockets: registry, currency, deadlines, pump, and the books on those that close."""

from collections.abc import Callable, Sequence
from datetime import datetime

from app.clock import boot_seconds
from app.config import Settings, StalePolicy
from app.domain.closing import Closing, Reason, closing_for_reason
from app.domain.targets import Cause
from app.realtime.bookkeeping import Bookkeeping
from app.realtime.handle import Handle
from app.realtime.pump import Pump
from app.sockets.currency import Currency
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from app.sockets.registry import Registry, Via

__all__ = ["Holder"]


class Holder:
    """The sockets of one node, and what becomes of them. `on_owed` is told when a receipt is owed something."""

    def __init__(self, settings: Settings, *, node_name: str, on_owed: Callable[[], None]) -> None:
        self.node_name = node_name
        self.policy = settings.stale_policy
        self.currency = Currency(
            lease_s=settings.lease.total_seconds(), serves_when_stale=self.policy is StalePolicy.SERVE
        )
        self.registry = Registry(self._on_shut)
        self.deadlines = Deadlines()
        self.books = Bookkeeping(written_at=self._written_at, on_owed=on_owed)
        self.pump = Pump(clock=boot_seconds)
        self.is_leaving = False
        self.is_registered = False
        """The node's row is in the database: only then may receipts rely on waiting for it."""
        self.triggers_missing: tuple[str, ...] | None = None
        """None as long as nobody has looked."""
        self.own_time: Callable[[datetime], float | None] = lambda _shown: None
        """What this node's clock shows when the database's shows that; None while nobody can tell."""
        self._hold_limit_s = settings.hold_limit.total_seconds()

    def takes_sockets(self) -> bool:
        """Whether a socket may open now: current, registered, with every trigger in place, and not leaving."""
        return (
            not self.is_leaving
            and self.is_registered
            and self.triggers_missing == ()
            and self.currency.is_current(boot_seconds())
        )

    def wake_gates(self, entries: Sequence[Entry] | None = None) -> None:
        """Whoever waits at the gates of these sockets, or of all, asks again."""
        for entry in self.registry if entries is None else entries:
            if entry.handle is not None:
                entry.handle.gate_changed()

    def serves_stale(self) -> bool:
        """Whether frames pass on stale knowledge, as the operator chose."""
        now = boot_seconds()
        return self.currency.lets_pass(now) and not self.currency.is_current(now)

    def close_if_stale(self) -> int:
        """What the policy says of a lease that has run out; how many sockets were closed now."""
        now = boot_seconds()
        if (
            self.currency.is_current(now)
            or self.policy is StalePolicy.SERVE
            or not self.currency.has_baseline
        ):
            return 0
        patience_s = 0.0 if self.policy is StalePolicy.CLOSE else self._hold_limit_s
        if now - self.currency.lease_ends_at < patience_s:
            return 0
        return self.registry.shut(self.registry, _not_current, via=Via.NODE)

    def abort_all(self) -> None:
        """Whoever is still here is reset."""
        for entry in self.registry:
            if entry.handle is not None:
                entry.handle.abort()

    def begin_to_leave(self) -> None:
        """No more sockets are taken, and those that are here are told to go elsewhere; repeating it changes nothing."""
        if not self.is_leaving:
            self.is_leaving = True
            self.registry.shut(self.registry, _shutting_down, via=Via.NODE)

    def forget(self, handle: Handle) -> None:
        """The connection is gone, so the socket is forgotten, and how it went is noted."""
        entry = handle.entry
        self.registry.detach(entry)
        entry.handle = None  # each refers to the other
        if entry.closing is not None:
            self.books.ended(entry.closing.reason, handle.outcome(), entry.revocation_id, at=boot_seconds())

    def _on_shut(self, entries: Sequence[Entry], cause: Cause | None, via: Via) -> None:
        """Written first, with nothing before it."""
        shut_at = boot_seconds()
        self.pump.add(entries)
        self.books.shut(entries, cause, via, at=shut_at)

    def _written_at(self, cause: Cause) -> float | None:
        return None if cause.committed_after is None else self.own_time(cause.committed_after)


def _not_current(entry: Entry) -> Closing:
    return closing_for_reason(Reason.NODE_NOT_CURRENT, entry.credential_type)


def _shutting_down(entry: Entry) -> Closing:
    return closing_for_reason(Reason.NODE_SHUTTING_DOWN, entry.credential_type)
