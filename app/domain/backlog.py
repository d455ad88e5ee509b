"""What waits to be done."""

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["Backlog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """`oldest_waiting`: how long the oldest revocation has waited for somebody to perform it; zero when none waits.

    `stuck`: requests that were not finished (performed, published, audited) half a minute after they were made.
    `oldest_open`: how long ago the oldest receipt was asked for that is not complete; zero when none is open.

    `canary_age`: since when no worker has taken a task from the revocations' queue; None before the first.
    """

    oldest_waiting: timedelta
    stuck: int
    oldest_open: timedelta
    receipts_open: int
    canary_age: timedelta | None
