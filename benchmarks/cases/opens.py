"""Sockets opened a second, with a credential to be read for each, beside a server that asks for none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from benchmarks.benchmark import Benchmark, Figures, Options, Subject
from benchmarks.figures import MS
from benchmarks.stacks import Stack, all_stacks

__all__ = ["BENCHMARK", "measure"]

SOCKETS = 2_000
WARM_UP = 50


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(SOCKETS, least=WARM_UP)
    with all_stacks(options) as stacks:
        for stack in stacks:
            measure(stack, WARM_UP)
        yield [Subject(name=stack.name, measure=partial(measure, stack, count)) for stack in stacks]


def measure(stack: Stack, count: int) -> Figures:
    """One round, on new accounts, who leave again."""
    guests = stack.invite(count)
    before, database_before = stack.cpu_s(), _database_cpu_s(stack)
    took_s = stack.open(guests, each=1)
    cpu_ms = (stack.cpu_s() - before) * MS / count
    database_cpu_ms = (_database_cpu_s(stack) - database_before) * MS / count
    stack.leave()
    figures = {"opened_per_second": count / took_s, "server_cpu_ms_each": cpu_ms}
    return figures if stack.database_cpu_s is None else {**figures, "postgres_cpu_ms_each": database_cpu_ms}


def _database_cpu_s(stack: Stack) -> float:
    return 0.0 if stack.database_cpu_s is None else stack.database_cpu_s()


BENCHMARK = Benchmark(
    name="opens",
    summary="sockets opened a second, 48 at a time, each on an account of its own",
    baseline="subscriber",
    subjects=_subjects,
)
