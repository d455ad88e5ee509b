"""What a run was played on. An interpreter that was built without a profile takes half as long again, or twice as long."""

import os
import platform
import time
from collections.abc import Mapping

__all__ = ["machine"]

STEPS = 100_000
TRIES = 3


def machine() -> Mapping[str, object]:
    """Cores, the version of Python, and the CPU milliseconds that this Python needs for a loop that never changes."""
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "python_loop_ms": round(1000 * min(_loop_s() for _ in range(TRIES)), 1),
    }


def _loop_s() -> float:
    began_at = time.thread_time()
    total = 0
    for number in range(STEPS):
        kept = {"number": number, "text": len(str(number))}
        total += kept["text"] + (number & 3)
    return time.thread_time() - began_at
