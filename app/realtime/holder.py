"""All that belongs to a node's sockets: registry, currency, deadlines, pump, and what is owed to the receipts."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import cast

from app.clock import boot_seconds
from app.config import Settings, StalePolicy
from app.domain.closing import Closing, Reason, closing_for_reason
from app.domain.targets import Cause
from app.realtime.closes import Closes
from app.realtime.handle import Handle
from app.realtime.metrics import close_latency, sockets_closed, sockets_ended
from app.realtime.pump import Pump
from app.sockets.currency import Currency
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from app.sockets.registry import Registry, Via
from app.sockets.tally import Tally

__all__ = ["Holder"]


class Holder:
    """The sockets of one node, and what becomes of them. `on_tally` is told when a receipt is owed something."""

    def __init__(self, settings: Settings, *, node_name: str, on_tally: Callable[[], None]) -> None:
        self.node_name = node_name
        self.policy = settings.stale_policy
        self.currency = Currency(
            lease_s=settings.lease.total_seconds(), serves_when_stale=self.policy is StalePolicy.SERVE
        )
        self.registry = Registry(self._on_shut)
        self.deadlines = Deadlines()
        self.tally = Tally()
        self.closes = Closes(database_time=lambda at: self.database_time(at))  # noqa: PLW0108 - it is set later
        self.pump = Pump(clock=boot_seconds)
        self.is_leaving = False
        self.is_registered = False
        """The node's row is in the database: only then may receipts rely on waiting for it."""
        self.triggers_missing: tuple[str, ...] | None = None
        """None as long as nobody has looked."""
        self.database_time: Callable[[float], datetime | None] = lambda _at: None
        self._on_tally = on_tally
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

    async def see_off(self, handle: Handle) -> None:
        """The connection is gone, the socket is forgotten, and the receipt knows how it went."""
        try:
            await handle.gone()
        except asyncio.CancelledError:
            handle.abort()
            raise
        finally:
            self._forget(handle.entry, handle)

    def _forget(self, entry: Entry, handle: Handle) -> None:
        self.registry.detach(entry)
        entry.handle = None  # each refers to the other
        if entry.closing is None:
            return
        outcome = handle.outcome()
        sockets_ended(entry.closing.reason, outcome).inc()
        if entry.revocation_id is not None:
            self.tally.ended(entry.revocation_id, outcome)
            self.closes.ended(entry.revocation_id)
            self._on_tally()

    def _on_shut(self, entries: Sequence[Entry], cause: Cause | None, via: Via) -> None:
        """Written first, counted then: with the instant at which the gates were shut."""
        shut_at = boot_seconds()
        self.pump.add(entries)
        latency = self._latency(cause, shut_at)
        for reason, sockets in Counter(cast("Closing", entry.closing).reason for entry in entries).items():
            sockets_closed(reason, via).inc(sockets)
            if latency is not None:
                measured, seconds = close_latency(reason, via), latency.total_seconds()
                for _ in range(sockets):
                    measured.observe(seconds)
        if cause is not None and cause.revocation_id is not None:
            self.tally.shut(cause.revocation_id, sockets=len(entries), latency=latency)
            self.closes.shut(entries[0], cause, via, sockets=len(entries))
            self._on_tally()

    def _latency(self, cause: Cause | None, shut_at: float) -> timedelta | None:
        if cause is None or cause.committed_after is None:
            return None
        shown = self.database_time(shut_at)
        return None if shown is None else max(timedelta(0), shown - cause.committed_after)


def _not_current(entry: Entry) -> Closing:
    return closing_for_reason(Reason.NODE_NOT_CURRENT, entry.credential_type)


def _shutting_down(entry: Entry) -> Closing:
    return closing_for_reason(Reason.NODE_SHUTTING_DOWN, entry.credential_type)
