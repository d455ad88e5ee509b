"""All of one account's sessions, and there are 100,000: told at the request, ended behind it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from app.clock import boot_seconds, sleep_seconds
from benchmarks.asking import Asking
from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.figures import MS
from benchmarks.stacks import Guest, Stack
from benchmarks.stacks.ours import OurFleet, our_fleet, our_stack, sessions_of_accounts

__all__ = ["BENCHMARK"]

SESSIONS = 100_000
SOCKETS = 4
WARM_UPS = 5
PERFORMED_WITHIN_S = 120.0
LOOK_EVERY_S = 0.02
BARE = "bare UPDATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    ours: OurFleet
    stack: Stack
    asking: Asking
    connection: psycopg.Connection[Any]
    sessions: int


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(SESSIONS, least=100)
    with (
        our_fleet() as ours,
        our_stack(ours) as stack,
        psycopg.connect(ours.database_url, autocommit=True) as connection,
    ):
        asking = Asking(ours.fleet.nodes[0].port)
        stage = _Stage(ours=ours, stack=stack, asking=asking, connection=connection, sessions=count)
        for _ in range(WARM_UPS):
            _ours(replace(stage, sessions=SOCKETS))
        yield [
            Subject(name=OURS, measure=lambda: _ours(stage)),
            Subject(name=BARE, measure=lambda: _bare(stage)),
        ]
        asking.close()


def _ours(stage: _Stage) -> Figures:
    guests = _guests_with_chains(stage)
    stage.stack.open(guests[:SOCKETS], each=1)
    asked_at = stage.asking.end_all_sessions(guests[0])
    answered_at = boot_seconds()
    last_close = stage.stack.ends([guests[0].key])[guests[0].key]
    stamped_at = _stamped_at(stage.connection, guests[0].key)
    return {
        "answered_ms": (answered_at - asked_at) * MS,
        "closed_ms": (last_close - asked_at) * MS,
        "closed_after_stamp_ms": (last_close - stamped_at) * MS,
        "ended_s": _performed_at(stage.connection, guests[0].key) - asked_at,
    }


def _stamped_at(connection: psycopg.Connection[Any], account_id: str) -> float:
    """When the stamp's closure was written, on our clock: just before the request's commit, which nobody can date."""
    row = connection.execute(_STAMPED_FOR, [account_id]).fetchone()
    assert row
    return boot_seconds() - float(row[0])


def _performed_at(connection: psycopg.Connection[Any], account_id: str) -> float:
    gives_up_at = boot_seconds() + PERFORMED_WITHIN_S
    while boot_seconds() < gives_up_at:
        row = connection.execute(_IS_PERFORMED, [account_id]).fetchone()
        if row is not None:
            return boot_seconds()
        sleep_seconds(LOOK_EVERY_S)
    raise RuntimeError("the sessions were not ended in time")


def _bare(stage: _Stage) -> Figures:
    """As many rows, in tables without triggers: what PostgreSQL itself needs."""
    for statement in _BARE_TABLES:
        stage.connection.execute(statement)
    stage.connection.execute(_BARE_SESSIONS, [stage.sessions])
    stage.connection.execute(_BARE_CHAINS)
    stage.connection.execute("ANALYZE bench_session, bench_refresh_token")
    began_at = boot_seconds()
    stage.connection.execute(_END_ALL)
    return {"ended_s": boot_seconds() - began_at}


def _guests_with_chains(stage: _Stage) -> Sequence[Guest]:
    """The sessions of a new account, with one refresh token each."""
    guests = sessions_of_accounts(stage.ours.database_url, 1, each=stage.sessions)
    stage.connection.execute(_REFRESH_TOKENS, [[guest.session_id for guest in guests]])
    stage.connection.execute("ANALYZE session, refresh_token")
    return guests


_REFRESH_TOKENS = """
INSERT INTO refresh_token (id, session_id, token_hash, issued_at)
SELECT gen_random_uuid(), id, encode(sha256(id::text::bytea), 'hex'), clock_timestamp() FROM unnest(%s::uuid[]) AS id
"""
_STAMPED_FOR = """
SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM closure WHERE account_id = %s AND action = 'close'
"""
_IS_PERFORMED = "SELECT FROM revocation WHERE account_id = %s AND performed_at IS NOT NULL"
_BARE_TABLES = (
    "DROP TABLE IF EXISTS bench_session, bench_refresh_token",
    "CREATE TABLE bench_session (LIKE session INCLUDING ALL)",
    "CREATE TABLE bench_refresh_token (LIKE refresh_token INCLUDING ALL)",
)
_BARE_SESSIONS = """
INSERT INTO bench_session (id, account_id, token_hash, issued_at, expires_at, absolute_expires_at)
SELECT id, account_id, encode(sha256(id::text::bytea), 'hex'), at, at + '12 h', at + '30 d'
  FROM (SELECT gen_random_uuid() AS account_id, clock_timestamp() AS at OFFSET 0) AS account
 CROSS JOIN (SELECT gen_random_uuid() AS id FROM generate_series(1, %s) OFFSET 0) AS made
"""
_BARE_CHAINS = """
INSERT INTO bench_refresh_token (id, session_id, token_hash, issued_at)
SELECT gen_random_uuid(), id, token_hash, issued_at FROM bench_session
"""
_END_ALL = """
WITH ended AS (
    UPDATE bench_session SET terminated_at = clock_timestamp() RETURNING id
)
UPDATE bench_refresh_token t SET invalidated_at = clock_timestamp() FROM ended WHERE t.session_id = ended.id
"""

BENCHMARK = Benchmark(
    name="terminate-all",
    summary="an account with 100,000 sessions ends them all; 4 of them have a socket",
    baseline=BARE,
    subjects=_subjects,
    budgets=[Budget(figure="closed_after_stamp_ms", at_most=10.0)],
)
