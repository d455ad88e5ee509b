"""The one module that reads a clock; everywhere else time is an argument (the linter sees to it).

Leases, deadlines and latencies on a node use `boot_seconds`: it never steps and goes on while the machine
sleeps. What people read, and what is compared with the database, comes from the database's own clock.
"""

import time
from datetime import UTC, datetime

__all__ = ["boot_seconds", "sleep_seconds", "wall_clock"]


def boot_seconds() -> float:
    """Seconds since boot, sleeping time included (CLOCK_BOOTTIME; CLOCK_MONOTONIC where there is none)."""
    return time.clock_gettime(_SUSPEND_PROOF)


def wall_clock() -> datetime:
    """What this machine takes for the time: to be judged against another's, never to be counted on."""
    return datetime.now(UTC)


def sleep_seconds(duration_s: float) -> None:
    """The calling thread has slept that long; for command-line loops, never on an event loop."""
    time.sleep(duration_s)


_SUSPEND_PROOF = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
