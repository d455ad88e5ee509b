"""What a socket that says nothing costs: memory for each, as ever more are opened."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from benchmarks.benchmark import Benchmark, Budget, Figures, Options, Subject
from benchmarks.children import resident_bytes
from benchmarks.stacks import Stack, all_stacks

__all__ = ["BENCHMARK"]

SOCKETS = 2_000
WARM_UP = 500
KIB = 1024.0


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(SOCKETS, least=WARM_UP)
    with all_stacks(options) as stacks:
        for stack in stacks:
            _measure(stack, WARM_UP)
        yield [Subject(name=stack.name, measure=partial(_measure, stack, count)) for stack in stacks]


def _measure(stack: Stack, count: int) -> Figures:
    """They stay: memory that was given back once would hide what the next round takes."""
    guests = stack.invite(count)
    before = sum(map(resident_bytes, stack.pids))
    stack.open(guests, each=1)
    return {"kib_each": (sum(map(resident_bytes, stack.pids)) - before) / KIB / count}


BENCHMARK = Benchmark(
    name="idle-sockets",
    summary="memory of the servers for each socket more",
    baseline="subscriber",
    subjects=_subjects,
    budgets=[Budget(figure="kib_each", against="subscriber", at_most=1.2)],
)
