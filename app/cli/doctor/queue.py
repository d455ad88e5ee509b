"""The queue, the workers and beat, by a canary; and what has been waiting for them."""

from collections.abc import Iterator
from datetime import timedelta

from redis.exceptions import RedisError

from app.clock import boot_seconds, sleep_seconds
from app.config import Settings
from app.data.engine import Database
from app.domain.backlog import Backlog
from app.domain.findings import Finding, Verdict
from app.fanout.task_queue import CANARY, TaskQueue
from app.operations.measure_backlog import measure_backlog

__all__ = ["check_queue", "judge_backlog"]

ANSWER_WITHIN_S = 6.0
LOOK_EVERY_S = 0.1
BEAT_WITHIN = timedelta(seconds=15)
"""Three of beat's intervals."""
WAITING_MARGIN = timedelta(seconds=3)
OPEN_FOR = timedelta(seconds=60)


def check_queue(settings: Settings, database: Database, before: Backlog) -> Iterator[Finding]:
    """Our own canary tells of the worker; how old the last one was before it tells of beat."""
    queue = TaskQueue(settings)
    try:
        sent_at = boot_seconds()
        queue.send(CANARY)
    except (RedisError, OSError) as error:
        yield Finding(
            check="broker",
            verdict=Verdict.PROBLEM,
            means=f"The broker takes no task ({type(error).__name__}): nodes perform revocations, and nothing is swept.",
            do="Is CELERY_BROKER_URL (or REDIS_URL) right, and may this user write the queues (docs/redis-acl.md)?",
        )
        return
    finally:
        queue.close()
    is_answered = _is_answered(database, sent_at)
    yield _judge_worker(is_answered=is_answered)
    yield _judge_beat(before, is_answered=is_answered)


def judge_backlog(backlog: Backlog, settings: Settings) -> Iterator[Finding]:
    """What waits, and for how long."""
    if backlog.oldest_waiting > settings.perform_within + WAITING_MARGIN:
        yield Finding(
            check="waiting",
            verdict=Verdict.PROBLEM,
            means=f"A revocation has waited {backlog.oldest_waiting.total_seconds():.0f} s to be performed.",
            do="Look for `not_performed` in the logs of nodes and workers, and for locks on its rows.",
        )
    if backlog.stuck:
        yield Finding(
            check="stuck",
            verdict=Verdict.PROBLEM,
            means=f"{backlog.stuck} revocations are not performed, published and audited after half a minute.",
            do="Sweeps finish them: see to worker and beat, and look for `audit_failed` in the workers' logs.",
        )
    yield _judge_receipts(backlog)


def _judge_receipts(backlog: Backlog) -> Finding:
    if backlog.oldest_open <= OPEN_FOR:
        means = f"{backlog.receipts_open} receipts are open, none for long."
        return Finding(check="receipts", verdict=Verdict.OK, means=means)
    return Finding(
        check="receipts",
        verdict=Verdict.WARNING,
        means=f"{backlog.receipts_open} receipts are not complete, the oldest for {backlog.oldest_open.total_seconds():.0f} s.",
        do="`cutoff receipt ID` says which node has not confirmed, and until when that matters.",
    )


def _is_answered(database: Database, sent_at: float) -> bool:
    while (waited_s := boot_seconds() - sent_at) < ANSWER_WITHIN_S:
        age = database.transact(measure_backlog).canary_age
        if age is not None and age.total_seconds() < waited_s:
            return True
        sleep_seconds(LOOK_EVERY_S)
    return False


def _judge_worker(*, is_answered: bool) -> Finding:
    if is_answered:
        return Finding(check="worker", verdict=Verdict.OK, means="A worker has answered a canary.")
    return Finding(
        check="worker",
        verdict=Verdict.PROBLEM,
        means=f"No worker has answered a canary within {ANSWER_WITHIN_S:.0f} s: nodes perform revocations, and nothing is swept.",
        do="Start one: `celery -A worker worker`. If there is one: is its CUTOFF_NAMESPACE and broker the same, and is it busy?",
    )


def _judge_beat(before: Backlog, *, is_answered: bool) -> Finding:
    if before.canary_age is not None and before.canary_age <= BEAT_WITHIN:
        return Finding(check="beat", verdict=Verdict.OK, means="Beat sends canaries.")
    return Finding(
        check="beat",
        verdict=Verdict.PROBLEM if is_answered else Verdict.WARNING,
        means="No canary of beat's was answered lately"
        + (": nothing is swept or settled." if is_answered else ", which may be the worker's fault."),
        do="Start it: `celery -A worker beat`." if is_answered else "See to the worker first.",
    )
