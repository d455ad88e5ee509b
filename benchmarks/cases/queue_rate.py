"""Revocations through Celery: as fast as workers perform them, beside a worker like ours whose task does nothing."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from redis import Redis
from uuid_utils.compat import uuid7

from app.clock import boot_seconds, sleep_seconds
from app.fanout.task_queue import PERFORM_REVOCATION, REVOCATIONS, TaskQueue
from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.children import Helper, cpu_seconds
from benchmarks.figures import MS
from benchmarks.stacks import Guest, Stack
from benchmarks.stacks.empty_tasks import empty_tasks
from benchmarks.stacks.ours import OurFleet, our_fleet, our_stack, worker_pids

__all__ = ["BENCHMARK", "Stage", "measure", "measure_empty", "stage_of"]

COUNT = 1_000
WARM_UP = 20
SOCKETS_EACH = 2
EMPTY = "empty task"
AUDITED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.05
LOOK_AT_QUEUE_EVERY_S = 0.01
PERFORM_WITHIN = "60"
"""Seconds, so that nobody takes them for overdue and helps the workers: neither nodes nor sweeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Our fleet's worker and the one of empty tasks have as many processes, and share a Redis."""

    stack: Stack
    queue: TaskQueue
    tasks: Helper
    connection: psycopg.Connection[Any]
    broker: Redis
    namespace: str


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(COUNT, least=WARM_UP)
    with _nobody_helping(), our_fleet() as ours, our_stack(ours) as stack, stage_of(ours, stack) as stage:
        measure(stage, WARM_UP)
        yield [
            Subject(name=OURS, measure=lambda: measure(stage, count)),
            Subject(name=EMPTY, measure=lambda: measure_empty(stage, count)),
        ]


@contextmanager
def _nobody_helping() -> Iterator[None]:
    os.environ["CUTOFF_PERFORM_WITHIN"] = PERFORM_WITHIN
    try:
        yield
    finally:
        del os.environ["CUTOFF_PERFORM_WITHIN"]


@contextmanager
def stage_of(ours: OurFleet, stack: Stack) -> Iterator[Stage]:
    """Until the block ends."""
    queue = TaskQueue(ours.fleet.settings)
    with (
        empty_tasks(ours.redis_url) as tasks,
        psycopg.connect(ours.database_url, autocommit=True) as connection,
        Redis.from_url(ours.redis_url) as broker,
    ):
        yield Stage(
            stack=stack,
            queue=queue,
            tasks=tasks,
            connection=connection,
            broker=broker,
            namespace=ours.fleet.settings.namespace,
        )
    queue.close()


def measure(stage: Stage, count: int) -> Figures:
    """One round: until the last socket is closed, the last revocation is in the trail and the last task is done."""
    guests = stage.stack.invite(count)
    stage.stack.open(guests, each=SOCKETS_EACH)
    revocation_ids = _asked_for(stage, guests)
    worker = worker_pids()
    cpu_before, began_at = cpu_seconds(*worker), boot_seconds()
    for revocation_id in revocation_ids:
        stage.queue.send(PERFORM_REVOCATION, revocation_id)
    sent_at = boot_seconds()
    closed_at = max(stage.stack.ends([guest.key for guest in guests]).values())
    audited_at = _last_audited_at(stage, revocation_ids)
    done_at = _last_task_done_at(stage)
    return {
        "per_second": count / (max(closed_at, audited_at, done_at) - began_at),
        "closed_per_second": count / (closed_at - began_at),
        "sent_per_second": count / (sent_at - began_at),
        "worker_cpu_ms_each": (cpu_seconds(*worker) - cpu_before) * MS / count,
    }


def measure_empty(stage: Stage, count: int) -> Figures:
    """As many tasks that note that they ran."""
    return {"per_second": float(stage.tasks.ask(tasks=count, interval_s=0.0)["per_second"])}


def _asked_for(stage: Stage, guests: Sequence[Guest]) -> Sequence[str]:
    revocation_ids = [str(uuid7()) for _ in guests]
    session_ids = [guest.session_id for guest in guests]
    stage.connection.execute(_REQUESTS, [revocation_ids, session_ids, [guest.key for guest in guests]])
    return revocation_ids


def _last_audited_at(stage: Stage, revocation_ids: Sequence[str]) -> float:
    """On our clock."""
    gives_up_at = boot_seconds() + AUDITED_WITHIN_S
    while boot_seconds() < gives_up_at:
        row = stage.connection.execute(_AUDITED, [list(revocation_ids)]).fetchone()
        assert row
        if row[0] == len(revocation_ids):
            return boot_seconds() - float(row[1])
        sleep_seconds(LOOK_EVERY_S)
    raise RuntimeError("the worker did not perform all revocations in time")


def _last_task_done_at(stage: Stage) -> float:
    """On our clock: a task whose revocation was performed beside another's has to come and go as well."""
    waiting, taken = f"{stage.namespace}:{REVOCATIONS}", f"{stage.namespace}:unacked"
    gives_up_at = boot_seconds() + AUDITED_WITHIN_S
    while boot_seconds() < gives_up_at:
        if not stage.broker.llen(waiting) and not stage.broker.hlen(taken):
            return boot_seconds()
        sleep_seconds(LOOK_AT_QUEUE_EVERY_S)
    raise RuntimeError("the worker did not come to the end of its queue in time")


_REQUESTS = """
INSERT INTO revocation (id, kind, source, reason, target_id, account_id, requested_by, credential_type)
SELECT id, 'session_revoke', 'request', 'session_revoked', session_id, account_id, account_id, 'session'
  FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS asked(id, session_id, account_id)
"""
_AUDITED = """
SELECT count(*), extract(epoch FROM clock_timestamp() - max(audited_at))
  FROM revocation WHERE id = ANY(%s::uuid[]) AND audited_at IS NOT NULL
"""

BENCHMARK = Benchmark(
    name="queue-rate",
    summary="1,000 revocations through Celery, two sockets each, and 1,000 empty tasks; two processes each",
    baseline=EMPTY,
    subjects=_subjects,
    budgets=[Budget(figure="per_second", against=EMPTY, at_least=2 / 3)],
)
