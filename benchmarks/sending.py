"""The pace of whoever asks for closes: a process of its own for each stack, all with this loop.

Orders are JSON lines: `close` (keys) with `interval_s`, one at a time in that rhythm, or with `batch`, so many at once
and as fast as it goes. The answer has the instant at which each was asked for.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence

from app.clock import boot_seconds

__all__ = ["serve"]


def serve(close: Callable[[Sequence[str]], None]) -> None:
    """Until standard input ends. `close` returns when the bus has taken all of it."""
    for line in sys.stdin:
        order = json.loads(line)
        batch = order.get("batch", 1)
        sent = _send(close, order["close"], batch=batch, interval_s=order.get("interval_s", 0.0))
        print(json.dumps({"sent": sent, "done_at": boot_seconds()}), flush=True)


def _send(
    close: Callable[[Sequence[str]], None], keys: Sequence[str], *, batch: int, interval_s: float
) -> dict[str, float]:
    sent: dict[str, float] = {}
    due_at = boot_seconds()
    for start in range(0, len(keys), batch):
        due_at += interval_s
        time.sleep(max(0.0, due_at - boot_seconds()))
        some = keys[start : start + batch]
        sent |= dict.fromkeys(some, boot_seconds())
        close(some)
    return sent
