"""From a person's request to the last socket closed, beside the sum of what it cannot do without.

The floors, each measured alone in the same round and at the requests' own pace (what comes every 50 ms finds all caches
cold, and takes several times what it takes in a loop): a request that does nothing, one durable insert, Celery's hop to the
first line of a task, one durable end of a session (its triggers included), and publishing until the sockets are closed.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from uuid_utils.compat import uuid7

from app.clock import boot_seconds, sleep_seconds
from benchmarks.asking import Asking
from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.children import Helper
from benchmarks.figures import MS, latencies
from benchmarks.stacks import Stack
from benchmarks.stacks.empty_tasks import empty_tasks
from benchmarks.stacks.ours import our_fleet, our_stack
from benchmarks.stacks.stack import Guest

__all__ = ["BENCHMARK"]

REQUESTS = 100
SOCKETS_EACH = 3
INTERVAL_S = 0.05
WARM_UP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    stack: Stack
    asking: Asking
    tasks: Helper
    connection: psycopg.Connection[Any]
    requests: int


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    with (
        our_fleet() as ours,
        our_stack(ours) as stack,
        empty_tasks(ours.redis_url) as tasks,
        psycopg.connect(ours.database_url, autocommit=True) as connection,
    ):
        asking = Asking(ours.fleet.nodes[0].port)
        stage = _Stage(
            stack=stack,
            asking=asking,
            tasks=tasks,
            connection=connection,
            requests=options.scaled(REQUESTS, least=WARM_UP),
        )
        _requests(stage, WARM_UP)
        yield [
            Subject(name=OURS, measure=lambda: latencies(_requests(stage, stage.requests))),
            Subject(name="floors", measure=lambda: _floors(stage)),
        ]
        asking.close()


def _requests(stage: _Stage, count: int) -> Sequence[float]:
    guests = stage.stack.invite(count)
    stage.stack.open(guests, each=SOCKETS_EACH)
    asked = {}
    for guest in guests:
        asked[guest.key] = stage.asking.end_session(guest)
        sleep_seconds(INTERVAL_S)
    ends = stage.stack.ends([guest.key for guest in guests])
    return [ends[key] - asked[key] for key in asked]


def _floors(stage: _Stage) -> Figures:
    guests = stage.stack.invite(stage.requests)
    stage.stack.open(guests, each=SOCKETS_EACH)
    published = stage.stack.close_paced([guest.key for guest in guests], interval_s=INTERVAL_S)
    floors = {
        "http_ms": _paced(lambda _: stage.asking.look(), guests),
        "insert_ms": _paced(lambda _: _took(stage, _INSERT, str(uuid7())), guests),
        "celery_ms": _median_ms(stage.tasks.ask(tasks=stage.requests, interval_s=INTERVAL_S)["hops"]),
        "ending_ms": _paced(lambda guest: _took(stage, _END, guest.session_id), guests),
        "publish_ms": _median_ms(published),
    }
    return {"p50_ms": sum(floors.values()), **floors}


def _paced(work: Callable[[Guest], float], guests: Sequence[Guest]) -> float:
    seconds = []
    for guest in guests:
        seconds.append(work(guest))
        sleep_seconds(INTERVAL_S)
    return _median_ms(seconds)


def _took(stage: _Stage, statement: str, value: str) -> float:
    began_at = boot_seconds()
    stage.connection.execute(statement.encode(), [value])
    return boot_seconds() - began_at


def _median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * MS


_INSERT = """
INSERT INTO revocation (id, kind, source, reason, performed_at, audited_at, completed_at)
VALUES (%s, 'bench', 'request', 'bench', clock_timestamp(), clock_timestamp(), clock_timestamp())
"""
_END = "UPDATE session SET terminated_at = clock_timestamp(), end_reason = 'session_revoked' WHERE id = %s"

BENCHMARK = Benchmark(
    name="request-to-close",
    summary="a person's request → last of the session's 3 sockets closed",
    baseline="floors",
    subjects=_subjects,
    budgets=[Budget(figure="p50_ms", against="floors", at_most=1.3)],
)
