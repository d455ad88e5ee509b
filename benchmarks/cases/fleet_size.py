"""What a fleet costs as it grows: up to 200 nodes without sockets, at rest and while revocations come, on real servers."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from app.clock import boot_seconds, sleep_seconds
from app.config import Settings
from app.data.rows import one_row
from app.domain.targets import Closure
from app.fanout.publisher import Publisher
from app.operations.perform import perform
from benchmarks.benchmark import Benchmark, Figures, Options, Subject
from benchmarks.children import Helper, cpu_seconds, family_cpu_seconds, helper
from benchmarks.figures import MS, percentile
from benchmarks.stacks.database import Workbench, workbench
from benchmarks.stacks.ours import sessions_of_accounts
from benchmarks.stacks.requests import asked_for

__all__ = ["BENCHMARK"]

NODES = (1, 10, 50, 100, 200)
IN_ONE_PROCESS = 50
"""The event loop of one holds no more of them without being what is measured."""
WATCHED_S = 10.0
SETTLE_S = 2.0
A_SECOND = 20
APPLIED_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05
PERCENT = 100.0


class NotedPublisher(Publisher):
    """Notes when it is called: that is just after the commit."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.committed_at: dict[str, float] = {}

    def publish(self, closures: Sequence[Closure], *, system_identifier: str) -> bool:
        """As it does anywhere."""
        now = boot_seconds()
        for closure in closures:
            self.committed_at.setdefault(str(closure.cause.revocation_id), now)
        return super().publish(closures, system_identifier=system_identifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Processes with nodes, and what they stand on."""

    bench: Workbench
    publisher: NotedPublisher
    helpers: Sequence[Helper]
    nodes: int

    def done(self) -> Mapping[str, int]:
        """So far, by all nodes; reports as PostgreSQL has counted them, which may be a second behind."""
        told = [each.ask(count=True) for each in self.helpers]
        with self.bench.database.session() as db:
            row = one_row(db, _REPORTS)
        assert row
        return {**{name: sum(each[name] for each in told) for name in told[0]}, "reports": row["reports"]}

    def cpu(self) -> Mapping[str, float]:
        """So far, by part."""
        servers = self.bench.servers
        assert servers.postgres
        assert servers.redis
        return {
            "postgres": family_cpu_seconds(servers.postgres.pid),
            "redis": cpu_seconds(servers.redis.pid),
            "nodes": cpu_seconds(*(helper.pid for helper in self.helpers)),
        }


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    watched_s = max(2.0, WATCHED_S * options.scale)
    sizes = sorted({options.scaled(count) for count in NODES})
    yield [
        Subject(name=f"{count} node{'s' if count > 1 else ''}", measure=partial(_measure, count, watched_s))
        for count in sizes
    ]


def _measure(count: int, watched_s: float) -> Figures:
    with _fleet(count) as fleet:
        sleep_seconds(SETTLE_S)
        at_rest = _watched(fleet, watched_s, revocations=0)
        busy = _watched(fleet, watched_s, revocations=round(watched_s * A_SECOND))
        return {
            **{f"idle_{name}": value for name, value in at_rest.items()},
            **{f"at_{A_SECOND}_{name}": value for name, value in busy.items()},
            **_latencies(fleet),
        }


@contextmanager
def _fleet(count: int) -> Iterator[Fleet]:
    with workbench() as bench, NotedPublisher(bench.settings) as publisher, ExitStack() as ending:
        sizes = [min(IN_ONE_PROCESS, count - start) for start in range(0, count, IN_ONE_PROCESS)]
        helpers = [ending.enter_context(_light_nodes(bench.settings, size)) for size in sizes]
        for each in helpers:
            each.answer()
        yield Fleet(bench=bench, publisher=publisher, helpers=helpers, nodes=count)


def _light_nodes(settings: Settings, count: int) -> AbstractContextManager[Helper]:
    assert settings.bus_key
    environment = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CUTOFF_BUS_KEY": settings.bus_key.get_secret_value(),
    }
    return helper([sys.executable, "-m", "benchmarks.light_nodes", str(count)], environment)


def _watched(fleet: Fleet, watched_s: float, *, revocations: int) -> Figures:
    """The shares of a core, and what was done a second, while so many are asked for and performed in that rhythm."""
    guests = sessions_of_accounts(fleet.bench.settings.database_url, revocations) if revocations else []
    done_before, cpu_before, began_at = fleet.done(), fleet.cpu(), boot_seconds()
    for number, guest in enumerate(guests):
        sleep_seconds(max(0.0, began_at + number / A_SECOND - boot_seconds()))
        perform(fleet.bench.database, fleet.publisher, asked_for(fleet.bench.database, guest))
    sleep_seconds(max(0.0, began_at + watched_s - boot_seconds()))
    took_s, cpu, done = boot_seconds() - began_at, fleet.cpu(), fleet.done()
    return {
        "polls_per_second": (done["polls"] - done_before["polls"]) / took_s,
        "current_percent": done["current"] / fleet.nodes * PERCENT,
        "failed_polls": float(done["failures"] - done_before["failures"]),
        "reports_per_second": (done["reports"] - done_before["reports"]) / took_s,
        "revocations_per_second": revocations / took_s,
        **{f"{part}_core_percent": (cpu[part] - cpu_before[part]) / took_s * PERCENT for part in cpu},
    }


def _latencies(fleet: Fleet) -> Figures:
    """From the commit to the last node that has applied it, of those that all have."""
    names = list(fleet.publisher.committed_at)
    last_at = _applied(fleet, names)
    seconds = [at - fleet.publisher.committed_at[name] for name, at in last_at.items()]
    figures = {"applied_by_all_percent": len(seconds) / len(names) * PERCENT}
    if not seconds:
        return figures
    p50, p99 = percentile(seconds, 0.5), percentile(seconds, 0.99)
    return {**figures, "last_node_p50_ms": p50 * MS, "last_node_p99_ms": p99 * MS}


def _applied(fleet: Fleet, names: Sequence[str]) -> Mapping[str, float]:
    """When the last node had applied each; those are missing that some node has not applied in time."""
    gives_up_at = boot_seconds() + APPLIED_WITHIN_S
    while True:
        told = [each.ask(applied=names) for each in fleet.helpers]
        nodes = [sum(counts) for counts in zip(*(each["nodes"] for each in told), strict=True)]
        last_at = [max(times) for times in zip(*(each["last_at"] for each in told), strict=True)]
        if min(nodes) == fleet.nodes or boot_seconds() > gives_up_at:
            by_name = zip(names, nodes, last_at, strict=True)
            return {name: at for name, count, at in by_name if count == fleet.nodes}
        sleep_seconds(LOOK_EVERY_S)


_REPORTS = "SELECT n_tup_ins + n_tup_upd AS reports FROM pg_stat_user_tables WHERE relname = 'node'"

BENCHMARK = Benchmark(
    name="fleet-size",
    summary="1 to 200 nodes without sockets: what they ask of PostgreSQL and Redis, at rest and at 20 revocations a second",
    baseline="",
    subjects=_subjects,
)
