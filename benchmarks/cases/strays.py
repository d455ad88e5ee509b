"""Messages that concern nobody: a storm elsewhere in a large fleet, as every node hears it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from uuid_utils.compat import uuid7

from benchmarks.benchmark import Benchmark, Budget, Figures, Options, Subject
from benchmarks.stacks import Stack, ours_and_subscriber

__all__ = ["BENCHMARK"]

MESSAGES = 40_000
A_SECOND = 20_000
PIPELINED = 100
PERCENT = 100.0


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(MESSAGES, least=PIPELINED)
    with ours_and_subscriber() as (_, mine, floor):
        yield [Subject(name=stack.name, measure=partial(_measure, stack, count)) for stack in (mine, floor)]


def _measure(stack: Stack, count: int) -> Figures:
    """A socket of somebody else's is closed at the end: then everything before it has been read.

    What is used at rest does not count: whoever hears nothing uses it too.
    """
    last = stack.invite(1)[0]
    stack.open([last], each=len(stack.urls))
    keys = [str(uuid7()) for _ in range(count)]
    with stack.counting() as spent:
        answer = stack.sender.ask(close=keys, batch=PIPELINED, interval_s=PIPELINED / A_SECOND)
        stack.sender.ask(close=[last.key])
        ended_at = stack.ends([last.key])[last.key]
    cpu_s = spent.cpu_s / len(stack.urls)
    return {
        "heard_per_second": count / (ended_at - min(answer["sent"].values())),
        "core_percent_at_20000": cpu_s / count * A_SECOND * PERCENT,
        "node_cpu_us_each": cpu_s / count * 1_000_000,
    }


BENCHMARK = Benchmark(
    name="strays",
    summary="close requests that concern nobody here, 20,000 a second, by node",
    baseline="subscriber",
    subjects=_subjects,
    budgets=[Budget(figure="core_percent_at_20000", at_most=5.0)],
)
