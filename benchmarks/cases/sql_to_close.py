"""From a commit in `psql` to the last socket closed: nobody publishes, the tail alone finds it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from app.clock import boot_seconds, sleep_seconds
from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.figures import MS, latencies
from benchmarks.stacks import Stack
from benchmarks.stacks.ours import OurFleet, our_fleet, our_stack

__all__ = ["BENCHMARK"]

ENDS = 60
SOCKETS_EACH = 2
INTERVAL_S = 0.137
"""No divisor of the tail's second."""
PROMISED_MS = 1_800.0


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    ends = options.scaled(ENDS, least=10)
    with our_fleet() as ours, our_stack(ours) as stack:
        yield [Subject(name=OURS, measure=lambda: _measure(ours, stack, ends))]


def _measure(ours: OurFleet, stack: Stack, count: int) -> Figures:
    guests = stack.invite(count)
    stack.open(guests, each=SOCKETS_EACH)
    committed = {}
    with psycopg.connect(ours.database_url, autocommit=True) as connection:
        for guest in guests:
            committed[guest.key] = boot_seconds()
            connection.execute(_END, [guest.session_id])
            sleep_seconds(INTERVAL_S)
    ends = stack.ends(list(committed))
    seconds = [ends[key] - committed[key] for key in committed]
    return {**latencies(seconds), "max_ms": max(seconds) * MS}


_END = "UPDATE session SET terminated_at = clock_timestamp() WHERE id = %s"

BENCHMARK = Benchmark(
    name="sql-to-close",
    summary="UPDATE session … in SQL → last socket closed, by the tail alone",
    baseline="",
    subjects=_subjects,
    budgets=[Budget(figure="max_ms", at_most=PROMISED_MS)],
)
