"""When each periodic task runs: data only, tasks named by string.

A message that nobody took expires, so that none pile up while the workers are away. Twice is the same as once,
so run as many beats as you like.
"""

from datetime import timedelta
from typing import Any, Final

SWEEP_EVERY: Final = timedelta(seconds=5)
PRUNE_EVERY: Final = timedelta(hours=1)
EXPIRE_AFTER_S: Final = 60
"""Well above any difference between two machines' clocks that should go unnoticed."""


def _every(interval: timedelta, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": interval, "options": {"expires": EXPIRE_AFTER_S}}


BEAT_SCHEDULE: Final = {
    "expire support grants": _every(SWEEP_EVERY, "worker.tasks.expire_support_grants"),
    "expire credentials": _every(SWEEP_EVERY, "worker.tasks.expire_credentials"),
    "resume revocations": _every(SWEEP_EVERY, "worker.tasks.resume_revocations"),
    "resume mass revocations": _every(SWEEP_EVERY, "worker.tasks.resume_mass_revocations"),
    "settle receipts": _every(SWEEP_EVERY, "worker.tasks.settle_receipts"),
    "deliver webhooks": _every(SWEEP_EVERY, "worker.tasks.deliver_webhooks"),
    "canary": _every(SWEEP_EVERY, "worker.tasks.canary"),
    "prune": _every(PRUNE_EVERY, "worker.tasks.prune"),
}
