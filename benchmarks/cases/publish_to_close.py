"""From publishing to the last of an account's sockets closed, in a calm rhythm."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.figures import latencies
from benchmarks.stacks import Guest, Stack, all_stacks

__all__ = ["BENCHMARK", "measure"]

ACCOUNTS = 334
SOCKETS_EACH = 3
A_SECOND = 50
WARM_UP = 20


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    accounts = options.scaled(ACCOUNTS, least=WARM_UP)
    with all_stacks(options) as stacks:
        for stack in stacks:
            measure(stack, stack.invite(WARM_UP))
        guests = {stack.name: stack.invite(accounts) for stack in stacks}
        yield [
            Subject(name=stack.name, measure=partial(measure, stack, guests[stack.name])) for stack in stacks
        ]


def measure(stack: Stack, guests: Sequence[Guest]) -> Figures:
    """One round: their sockets are opened, and closed again."""
    stack.open(guests, each=SOCKETS_EACH)
    before = stack.cpu_s()
    seconds = stack.close_paced([guest.key for guest in guests], interval_s=1 / A_SECOND)
    cpu_ms = (stack.cpu_s() - before) * 1000 / len(guests)
    return {**latencies(seconds), "server_cpu_ms_each": cpu_ms}


BENCHMARK = Benchmark(
    name="publish-to-close",
    summary="publish → last of an account's 3 sockets closed, 50 a second",
    baseline="subscriber",
    subjects=_subjects,
    budgets=[
        Budget(figure="p50_ms", against="subscriber", at_most=1.1),
        Budget(figure="p99_ms", against=OURS, of_figure="p50_ms", at_most=2.0),
        Budget(figure="p50_ms", against="socket.io", at_most=0.8),
        Budget(figure="p50_ms", against="channels", at_most=0.7),
        Budget(figure="p50_ms", against="python-socketio", at_most=0.6),
    ],
)
