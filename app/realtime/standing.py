"""How a node stands: what `/readyz`, `/metrics` and its row in the database say of it."""

from collections.abc import Sequence
from datetime import timedelta

from app.clock import boot_seconds
from app.fanout.subscriber import Subscriber
from app.realtime.holder import Holder
from app.realtime.tail import Tail

__all__ = ["Standing"]


class Standing:
    """Asked of its parts at the instant that somebody looks; nothing of it is kept."""

    holder: Holder
    tail: Tail
    subscriber: Subscriber

    @property
    def is_current(self) -> bool:
        """Whether the lease runs."""
        return self.holder.currency.is_current(boot_seconds())

    @property
    def policy(self) -> str:
        """What it does with its sockets when it is not current."""
        return self.holder.policy.value

    @property
    def is_subscribed(self) -> bool:
        """Whether the doorbell works."""
        return self.subscriber.is_subscribed

    @property
    def is_database_reachable(self) -> bool:
        """Whether the closure log was read within the lease."""
        answered = self.tail.last_answer_at
        return answered is not None and boot_seconds() - answered <= self.holder.currency.lease_s

    @property
    def is_shutting_down(self) -> bool:
        """Whether it takes no more sockets, for good."""
        return self.holder.is_leaving

    @property
    def sockets(self) -> int:
        """How many sockets it holds, those that are opening included."""
        return len(self.holder.registry)

    @property
    def tail_age(self) -> timedelta | None:
        """How old its knowledge is."""
        currency = self.holder.currency
        return timedelta(seconds=boot_seconds() - currency.as_of) if currency.has_baseline else None

    @property
    def doorbell_age(self) -> timedelta | None:
        """Since it last heard its own echo: the only proof that what is published arrives here."""
        heard = self.subscriber.last_echo_at
        return None if heard is None else timedelta(seconds=max(0.0, boot_seconds() - heard))

    @property
    def triggers_missing(self) -> Sequence[str] | None:
        """Which triggers were missing when it last looked."""
        return self.holder.triggers_missing

    @property
    def why(self) -> Sequence[str]:
        """Sentences on what is not as it should be."""
        holder = self.holder
        sentences = (
            (holder.is_leaving, "The node is shutting down."),
            (not self.is_database_reachable, "PostgreSQL does not answer."),
            (self.tail.in_recovery, "PostgreSQL is a replica; a node needs the primary."),
            (holder.triggers_missing is None, "The triggers have not been looked at yet."),
            (
                bool(holder.triggers_missing),
                f"Triggers are missing or disabled: {', '.join(holder.triggers_missing or ())}.",
            ),
            (not holder.is_registered, "The node's row is not in the database yet."),
            (not self.is_current, f"The lease has run out; policy {self.policy}."),
            (not self.is_subscribed, "The doorbell is lost: Redis does not answer; the tail carries on."),
        )
        return [sentence for holds, sentence in sentences if holds]

    @property
    def takes_sockets(self) -> bool:
        """Whether a socket that comes now is admitted, if its credential is valid."""
        return self.holder.takes_sockets()
