"""Celery's own cost: a task that notes when its first line ran. `python -m benchmarks.peers.empty_task` sends it.

Orders are JSON lines: `tasks` (how many) with `interval_s`. The answer: the seconds from sending to the first line, of
each; and with no interval, how many a second were done.
"""

import json
import os
import sys
import time

from celery import Celery
from redis import Redis

from app.clock import boot_seconds

NOTED = "bench:noted"
DONE_WITHIN_S = 60

app = Celery("empty", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1, task_acks_late=True)
_redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=2 * DONE_WITHIN_S)


@app.task(name="note")  # type: ignore[untyped-decorator]
def note(sent_at: float) -> None:
    """How long it took to get here."""
    _redis.rpush(NOTED, boot_seconds() - sent_at)


def send(count: int, interval_s: float) -> dict[str, object]:
    """What came of so many."""
    _redis.delete(NOTED)
    began_at = due_at = boot_seconds()
    for _ in range(count):
        due_at += interval_s
        time.sleep(max(0.0, due_at - boot_seconds()))
        note.delay(boot_seconds())
    hops = []
    for _ in range(count):
        noted = _redis.blpop([NOTED], timeout=DONE_WITHIN_S)
        assert noted is not None, "the worker of empty tasks does not work"
        hops.append(float(noted[1]))
    return {"hops": hops, "per_second": count / (boot_seconds() - began_at)}


if __name__ == "__main__":
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(send(order["tasks"], order["interval_s"])), flush=True)
