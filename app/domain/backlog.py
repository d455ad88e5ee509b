"""What waits to be done."""

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["Backlog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """`oldest_waiting`: how long the oldest revocation has waited for somebody to perform it; zero when none waits.

    `canary_age`: since when no worker has taken a task from the revocations' queue; None before the first.
    """

    oldest_waiting: timedelta
    receipts_open: int
    canary_age: timedelta | None
