"""What a worker does for one revocation: round trips, its own CPU and the time, beside one statement by hand and an ORM.

`client_cpu_ms` is all of it: end, publish, audit. `ending_cpu_ms` is what of that the transaction costs that ends,
`database_cpu_ms` that one and the one that notes what was done, as an ORM's single one does.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.data.performing import end_or_look, finish
from app.data.revocations import Revocation
from app.domain.ids import RevocationId
from app.operations.perform import perform
from app.operations.revocation_event import event_of
from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.figures import MS, latencies
from benchmarks.peers.orm_revocation import end_by_orm
from benchmarks.stacks import Guest
from benchmarks.stacks.database import Workbench, workbench
from benchmarks.stacks.ours import sessions_of_accounts
from benchmarks.stacks.round_trips import round_trips_of

__all__ = ["BENCHMARK"]

REVOCATIONS = 300
WARM_UP = 10
BY_HAND = "one statement"
ORM = "SQLAlchemy ORM"
CHAIN = 2
"""Refresh tokens of each session."""


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(REVOCATIONS, least=WARM_UP)
    with (
        workbench() as bench,
        psycopg.connect(bench.settings.database_url, autocommit=True, prepare_threshold=1) as connection,
    ):
        measures: dict[str, Callable[[int], Figures]] = {
            OURS: lambda count: _ours(bench, count),
            BY_HAND: lambda count: _by_hand(bench, connection, count),
            ORM: lambda count: _by_orm(bench, connection, count),
        }
        for measure in measures.values():
            measure(WARM_UP)
        yield [Subject(name=name, measure=partial(measure, count)) for name, measure in measures.items()]


def _ours(bench: Workbench, count: int) -> Figures:
    one = partial(perform, bench.database, bench.publisher)
    figures = _measured([partial(one, each) for each in _asked_for(bench, count)])
    asked_for = _asked_for(bench, count)
    ending = _measured([partial(end_or_look, bench.database, each) for each in asked_for])
    noting = _measured([partial(_note, bench, revocation) for revocation in _standing(bench, asked_for)])
    (single,) = _asked_for(bench, 1)
    return {
        **figures,
        "ending_cpu_ms": ending["client_cpu_ms"],
        "database_cpu_ms": ending["client_cpu_ms"] + noting["client_cpu_ms"],
        "round_trips": round_trips_of(bench.database.engine, partial(one, single)),
    }


def _standing(bench: Workbench, revocation_ids: Sequence[RevocationId]) -> Sequence[Revocation]:
    found = [end_or_look(bench.database, each) for each in revocation_ids]
    return [standing.revocation for standing in found if standing is not None]


def _note(bench: Workbench, revocation: Revocation) -> None:
    finish(bench.database, revocation.revocation_id, is_published=True, event=event_of(revocation))


def _by_orm(bench: Workbench, connection: psycopg.Connection[Any], count: int) -> Figures:
    """Rows loaded, changed and flushed, in one transaction, on the same tables and engine; nothing is published."""
    row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    assert row is not None
    one = partial(end_by_orm, bench.database.engine, system_identifier=row[0])
    figures = _measured([partial(one, each) for each in _asked_for(bench, count)])
    (single,) = _asked_for(bench, 1)
    return {**figures, "round_trips": round_trips_of(bench.database.engine, partial(one, single))}


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
    guests = sessions_of_accounts(bench.settings.database_url, count)
    with psycopg.connect(bench.settings.database_url) as connection:
        connection.execute(_CHAINS, [[guest.session_id for guest in guests], CHAIN])
    return guests


def _asked_for(bench: Workbench, count: int) -> Sequence[RevocationId]:
    """The ends of so many sessions, on record and not performed."""
    sessions = [guest.session_id for guest in _guests(bench, count)]
    revocation_ids = [uuid7() for _ in sessions]
    with psycopg.connect(bench.settings.database_url) as connection:
        connection.execute(_REQUESTS, [revocation_ids, sessions])
    return [RevocationId(each) for each in revocation_ids]


_REQUESTS = """
INSERT INTO revocation (id, kind, source, reason, target_id, account_id, requested_by, requested_from, credential_type)
SELECT asked.id, 'session_revoke', 'request', 'session_revoked', s.id, s.account_id, s.account_id, '192.0.2.1', 'session'
  FROM unnest(%s::uuid[], %s::uuid[]) AS asked(id, session_id) JOIN session s ON s.id = asked.session_id
"""
_CHAINS = """
INSERT INTO refresh_token (id, session_id, token_hash, issued_at)
SELECT gen_random_uuid(), id, encode(sha256((id || ' ' || n)::bytea), 'hex'), clock_timestamp()
  FROM unnest(%s::uuid[]) AS id, generate_series(1, %s) AS n
"""
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
    budgets=[
        Budget(figure="ending_cpu_ms", against=ORM, of_figure="client_cpu_ms", at_most=0.1),
        Budget(figure="database_cpu_ms", against=ORM, of_figure="client_cpu_ms", at_most=0.1),
        Budget(figure="round_trips", at_most=2.0),
    ],
)
