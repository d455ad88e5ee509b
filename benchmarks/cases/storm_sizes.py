"""What a revocation costs in a storm, where the nodes hold few sockets and where they hold many: it must be the same."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.cases import storm
from benchmarks.stacks import Stack
from benchmarks.stacks.ours import our_fleet, our_stack
from benchmarks.stacks.servers import crowd

__all__ = ["BENCHMARK", "measure"]

SOCKETS = 10_000
FEW = "a tenth"
REVOCATIONS = 500
"""Two sockets each: 1,000 in all."""
STORMS = 2


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(REVOCATIONS, least=storm.PIPELINED)
    bystanders = options.scaled(SOCKETS) - count * storm.SOCKETS_EACH
    with our_fleet() as ours, our_stack(ours) as stack, crowd() as aside_crowd:
        aside = replace(stack, crowd=aside_crowd)
        storm.measure(stack, count)
        yield [
            Subject(name=OURS, measure=partial(measure, stack, aside, count, bystanders=bystanders)),
            Subject(name=FEW, measure=partial(measure, stack, aside, count, bystanders=0)),
        ]


def measure(stack: Stack, aside: Stack, count: int, *, bystanders: int) -> Figures:
    """One round, with so many other sockets there, on which nothing happens."""
    if bystanders:
        aside.open(aside.invite(bystanders), each=1)
    storms = [storm.measure(stack, count) for _ in range(STORMS)]
    aside.leave()
    stack.rest()
    return {
        "server_cpu_ms_each": statistics.fmean(each["server_cpu_ms_each"] for each in storms),
        "closed_per_second": statistics.median(each["closed_per_second"] for each in storms),
    }


BENCHMARK = Benchmark(
    name="storm-sizes",
    summary="500 revocations at once on 1,000 sockets: beside 9,000 others, and alone (a tenth)",
    baseline=FEW,
    subjects=_subjects,
    budgets=[Budget(figure="server_cpu_ms_each", against=FEW, at_most=1.2)],
)
