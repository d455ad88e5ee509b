"""Whether a subscription still hears, judged by frames and echoes, in ticks of the judge's own timer.

Ticks rather than seconds: a process that was frozen, or a loop that was blocked, counts none meanwhile, and
so does not take its own silence for the peer's.
"""

from dataclasses import dataclass

__all__ = ["SILENT_TICKS", "SubscriptionHealth"]

SILENT_TICKS = 7


@dataclass(slots=True)
class SubscriptionHealth:
    """The proofs of life of one connection's subscription."""

    ticks: int = 0
    quiet_ticks: int = 0
    deaf_ticks: int = 0
    is_confirmed: bool = False
    is_echo_confirmed: bool = False
    published_nonce: int = 0
    heard_nonce: int = 0

    def heard_frame(self) -> None:
        """Any frame at all proves the connection."""
        self.quiet_ticks = 0

    def heard_message(self) -> None:
        """What was published arrives here. In a storm our own echo waits its turn behind all that came before."""
        self.deaf_ticks = 0

    def published(self, nonce: int) -> None:
        """Redis has taken the echo of that number: it should be heard."""
        self.published_nonce = nonce

    def heard_echo(self, nonce: int) -> None:
        """Where nobody else publishes, only the echo proves that what is published arrives here."""
        self.heard_nonce = max(self.heard_nonce, nonce)
        self.deaf_ticks = 0

    def tick(self) -> str | None:
        """Another tick has passed; the answer is why the connection has to go, or None while it may stay."""
        self.ticks += 1
        self.quiet_ticks += 1
        is_echo_missing = self.is_echo_confirmed and self.published_nonce > self.heard_nonce
        self.deaf_ticks = self.deaf_ticks + 1 if is_echo_missing else 0
        if not self.is_confirmed:
            return "unconfirmed" if self.ticks >= SILENT_TICKS else None
        if self.quiet_ticks >= SILENT_TICKS:
            return "silent"
        return "deaf" if self.deaf_ticks >= SILENT_TICKS else None
