"""What a fleet without sockets costs: its start, its memory, and what its tails ask of PostgreSQL."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import psycopg

from app.cli.migrate import migrate
from app.clock import boot_seconds, sleep_seconds
from app.config import load_settings
from app.data.closure_log import POLL, poll_from, poll_parameters
from app.embedded import Servers
from app.embedded.process_table import children_of
from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.children import cpu_seconds, proportional_bytes, resident_bytes
from benchmarks.figures import MS, percentile
from benchmarks.stacks.others import subscriber
from benchmarks.stacks.ours import NODES, OurFleet, fleet_on, node_pids, our_servers, worker_pids

__all__ = ["BENCHMARK"]

SETTLE_S = 3.0
WATCHED_S = 6.0
POLLS = 300
PERCENT = 100.0
MB = 1_000_000


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    watched_s = max(2.0, WATCHED_S * options.scale)
    with our_servers() as servers:
        migrate(load_settings(database_url=servers.database_url, redis_url=servers.redis_url))
        yield [
            Subject(name=OURS, measure=partial(_ours, servers, watched_s)),
            Subject(name="subscriber", measure=lambda: _subscriber(servers.redis_url, watched_s)),
        ]


def _ours(servers: Servers, watched_s: float) -> Figures:
    began_at = boot_seconds()
    with fleet_on(servers) as ours:
        started_s = boot_seconds() - began_at
        sleep_seconds(SETTLE_S)
        nodes, forks = node_pids(ours.fleet), worker_pids()[1:]
        shares = _core_percent(watched_s, [nodes, _backends(ours)])
        with psycopg.connect(ours.database_url, autocommit=True) as connection:
            polled, selected = _poll_ms(connection), _median_ms(lambda: connection.execute("SELECT 1"))
        return {
            "start_s": started_s,
            "node_mb": max(map(resident_bytes, nodes)) / MB,
            "node_own_mb": max(map(proportional_bytes, nodes)) / MB,
            "worker_mb": max(map(resident_bytes, forks)) / MB,
            "worker_own_mb": max(map(proportional_bytes, forks)) / MB,
            "node_core_percent": shares[0] / NODES,
            "postgres_core_percent_by_node": shares[1] / NODES,
            "poll_ms": polled,
            "select_1_ms": selected,
        }


def _subscriber(redis_url: str, watched_s: float) -> Figures:
    began_at = boot_seconds()
    with subscriber(redis_url) as stack:
        started_s = boot_seconds() - began_at
        sleep_seconds(SETTLE_S)
        share = _core_percent(watched_s, [stack.pids])[0]
        return {
            "start_s": started_s,
            "node_mb": max(map(resident_bytes, stack.pids)) / MB,
            "node_own_mb": max(map(proportional_bytes, stack.pids)) / MB,
            "node_core_percent": share / len(stack.pids),
        }


def _core_percent(watched_s: float, groups: Sequence[Sequence[int]]) -> list[float]:
    before = [cpu_seconds(*pids) for pids in groups]
    sleep_seconds(watched_s)
    after = [cpu_seconds(*pids) for pids in groups]
    return [(now - then) / watched_s * PERCENT for then, now in zip(before, after, strict=True)]


def _backends(ours: OurFleet) -> list[int]:
    return children_of(ours.postgres_pid)


def _poll_ms(connection: psycopg.Connection[tuple[object, ...]]) -> float:
    """The tail's own statement, from a cursor on, with nothing new."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        cursor.execute(POLL, poll_parameters(None, limit=1000))
        last = poll_from(cursor.fetchall(), last=None, limit=1000).snapshot
        return _median_ms(lambda: cursor.execute(POLL, poll_parameters(last, limit=1000)).fetchall())


def _median_ms(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(POLLS):
        began_at = boot_seconds()
        work()
        seconds.append(boot_seconds() - began_at)
    return percentile(seconds, 0.5) * MS


BENCHMARK = Benchmark(
    name="idle-fleet",
    summary="starting two nodes, worker and beat; memory and CPU with nothing to do",
    baseline="subscriber",
    subjects=_subjects,
    budgets=[
        Budget(figure="start_s", at_most=5.0),
        Budget(figure="node_mb", at_most=110.0),
        Budget(figure="worker_mb", at_most=110.0),
    ],
)
