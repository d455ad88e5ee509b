"""A storm: thousands of revocations as fast as the bus takes them, none of them missing."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from benchmarks.benchmark import Benchmark, Budget, Figures, Options, Subject
from benchmarks.figures import MS
from benchmarks.stacks import Stack, all_stacks

__all__ = ["BENCHMARK", "measure"]

REVOCATIONS = 5_000
SOCKETS_EACH = 2
PIPELINED = 50
"""So many in one round trip to Redis, for every stack that lets its caller do so."""

ENOUGH = 5_500 / 6_500
"""Where Socket.IO closes 6,500 a second, 5,500 are enough."""


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(REVOCATIONS, least=PIPELINED)
    with all_stacks(options) as stacks:
        yield [Subject(name=stack.name, measure=partial(measure, stack, count)) for stack in stacks]


def measure(stack: Stack, count: int) -> Figures:
    """One round, on new accounts. CPU counts until the servers are at rest again, without what they use at rest."""
    guests = stack.invite(count)
    stack.open(guests, each=SOCKETS_EACH)
    keys = [guest.key for guest in guests]
    with stack.counting() as spent:
        answer = stack.sender.ask(close=keys, batch=PIPELINED)
        ends, missing = stack.ends_so_far(keys)
    began_at = min(answer["sent"].values())
    return {
        "missing": missing,
        "closed_per_second": len(ends) / (max(ends.values(), default=math.inf) - began_at),
        "sent_per_second": count / (answer["done_at"] - began_at),
        "server_cpu_ms_each": spent.cpu_s * MS / count,
    }


BENCHMARK = Benchmark(
    name="storm",
    summary="5,000 revocations at once on 10,000 sockets, until the last is closed",
    baseline="subscriber",
    subjects=_subjects,
    budgets=[
        Budget(figure="missing", at_most=0),
        Budget(figure="closed_per_second", against="socket.io", at_least=ENOUGH),
        Budget(figure="closed_per_second", against="socket.io", at_least=1.0),
        Budget(figure="server_cpu_ms_each", at_most=0.35),
    ],
)
