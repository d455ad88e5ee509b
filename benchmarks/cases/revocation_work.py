"""What a worker does for one revocation: round trips, its own CPU and the time, beside one statement by hand."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import event
from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.operations.perform import perform
from benchmarks.benchmark import OURS, Benchmark, Figures, Options, Subject
from benchmarks.figures import MS, latencies
from benchmarks.stacks import Guest
from benchmarks.stacks.database import Workbench, workbench
from benchmarks.stacks.ours import sessions_of_accounts
from benchmarks.stacks.requests import asked_for

__all__ = ["BENCHMARK"]

REVOCATIONS = 300
WARM_UP = 10
BY_HAND = "one statement"


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(REVOCATIONS, least=WARM_UP)
    with (
        workbench() as bench,
        psycopg.connect(bench.settings.database_url, autocommit=True, prepare_threshold=1) as connection,
    ):
        round_trips = _counted(bench)
        _ours(bench, round_trips, WARM_UP)
        _by_hand(bench, connection, WARM_UP)
        yield [
            Subject(name=OURS, measure=lambda: _ours(bench, round_trips, count)),
            Subject(name=BY_HAND, measure=lambda: _by_hand(bench, connection, count)),
        ]


def _ours(bench: Workbench, round_trips: "itertools.count[int]", count: int) -> Figures:
    revocation_ids = [asked_for(bench.database, guest) for guest in _guests(bench, count)]
    before = next(round_trips)
    figures = _measured([partial(perform, bench.database, bench.publisher, each) for each in revocation_ids])
    return {**figures, "round_trips": (next(round_trips) - before - 1) / count}


def _by_hand(bench: Workbench, connection: psycopg.Connection[Any], count: int) -> Figures:
    """The same rows in one statement and one round trip: revocation, session, chain, audit; nothing is published."""
    figures = _measured(
        [
            partial(connection.execute, _ALL_AT_ONCE, {"id": uuid7(), "session": guest.session_id})
            for guest in _guests(bench, count)
        ]
    )
    return {**figures, "round_trips": 1.0}


def _measured(work: Sequence[Callable[[], object]]) -> Figures:
    seconds = []
    cpu_before = time.thread_time()
    for each in work:
        began_at = boot_seconds()
        each()
        seconds.append(boot_seconds() - began_at)
    return {**latencies(seconds), "client_cpu_ms": (time.thread_time() - cpu_before) * MS / len(work)}


def _guests(bench: Workbench, count: int) -> Sequence[Guest]:
    return sessions_of_accounts(bench.settings.database_url, count)


def _counted(bench: Workbench) -> "itertools.count[int]":
    """Goes up with each round trip to PostgreSQL: statements, commits and rollbacks (BEGIN goes with the first)."""
    counter = itertools.count()
    for name in ("after_cursor_execute", "commit", "rollback"):
        event.listen(bench.database.engine, name, lambda *_: next(counter))
    return counter


_ALL_AT_ONCE = b"""
WITH asked AS (
    INSERT INTO revocation (id, kind, source, reason, target_id, performed_at, published_at, audited_at)
    VALUES (%(id)s, 'session_revoke', 'request', 'session_revoked', %(session)s,
            clock_timestamp(), clock_timestamp(), clock_timestamp())
), ended AS (
    UPDATE session SET terminated_at = clock_timestamp(), end_reason = 'session_revoked' WHERE id = %(session)s
    RETURNING id, account_id
), invalidated AS (
    UPDATE refresh_token t SET invalidated_at = clock_timestamp() FROM ended WHERE t.session_id = ended.id
)
INSERT INTO audit_event (type, outcome, account_id, session_id, revocation_id)
SELECT 'session_revoke', 'success', account_id::text, id::text, %(id)s FROM ended
"""

BENCHMARK = Benchmark(
    name="revocation-work",
    summary="a worker performs one revocation of a session: end, publish, audit",
    baseline=BY_HAND,
    subjects=_subjects,
)
