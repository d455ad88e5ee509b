"""Support access grants that are due: each is recorded as a revocation of its own, with a receipt and an event."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.operations.expire_support_grants import expire_support_grants
from benchmarks.benchmark import OURS, Benchmark, Figures, Options, Subject
from benchmarks.figures import MS
from benchmarks.stacks.database import Workbench, workbench

__all__ = ["BENCHMARK"]

DUE = 100_000
BARE = "bare UPDATE"


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    due = options.scaled(DUE, least=2_000)
    with (
        workbench() as bench,
        psycopg.connect(bench.settings.database_url, autocommit=True) as connection,
    ):
        org_id = uuid7()
        connection.execute(
            "INSERT INTO organization (id, slug, name) VALUES (%s, 'bench', 'Bench')", [org_id]
        )
        yield [
            Subject(name=OURS, measure=lambda: _ours(bench, connection, org_id, due)),
            Subject(name=BARE, measure=lambda: _bare(connection, org_id, due)),
        ]


def _ours(bench: Workbench, connection: psycopg.Connection[Any], org_id: object, due: int) -> Figures:
    _make_due(connection, org_id, due)
    began_at = boot_seconds()
    transactions: list[tuple[int, float]] = []
    while not transactions or transactions[-1][0]:
        transactions.append(_recorded(bench))
    assert sum(count for count, _ in transactions) == due
    slowest_s = max(took_s for _, took_s in transactions)
    return {**_figures(boot_seconds() - began_at, due), "longest_transaction_ms": slowest_s * MS}


def _recorded(bench: Workbench) -> tuple[int, float]:
    """How many in one transaction, and how long whoever wanted one of them would have waited."""
    began_at = boot_seconds()
    count = bench.database.transact(expire_support_grants)
    return count, boot_seconds() - began_at


def _bare(connection: psycopg.Connection[Any], org_id: object, due: int) -> Figures:
    """One column, in one statement, for all of them."""
    _make_due(connection, org_id, due)
    began_at = boot_seconds()
    connection.execute("UPDATE support_access_grant SET expired_at = clock_timestamp()")
    return _figures(boot_seconds() - began_at, due)


def _figures(took_s: float, count: int) -> Figures:
    return {"ms_each": took_s * MS / count, "per_second": count / took_s}


def _make_due(connection: psycopg.Connection[Any], org_id: object, count: int) -> None:
    connection.execute("DELETE FROM support_access_grant")
    connection.execute(_DUE_GRANTS, [org_id, count])
    connection.execute("ANALYZE support_access_grant")


_DUE_GRANTS = """
INSERT INTO support_access_grant (id, org_id, granted_by, reason, expires_at)
SELECT gen_random_uuid(), %s, gen_random_uuid(), 'bench', clock_timestamp() - '1 s'::interval
  FROM generate_series(1, %s)
"""

BENCHMARK = Benchmark(
    name="expiry",
    summary="recording the ends of 100,000 support access grants that are due",
    baseline=BARE,
    subjects=_subjects,
)
