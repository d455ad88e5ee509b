"""One account's thousands of sockets closed at once, while others go on talking and a single one is revoked."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from app.clock import sleep_seconds
from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.children import ROOT
from benchmarks.figures import MS, percentile
from benchmarks.stacks import Stack, all_stacks
from benchmarks.stacks.servers import crowd

__all__ = ["BENCHMARK"]

SOCKETS = 5_000
BYSTANDERS = 200
ECHOES_A_SECOND = 300
CALM_S = 1.0
SINGLE_AFTER_S = 0.01


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    sockets = options.scaled(SOCKETS, least=50)
    with all_stacks(options) as stacks, ExitStack() as ending:
        # Bystanders are in a process of their own: what is measured is the servers, not their clients.
        aside = {
            stack.name: replace(
                stack, crowd=ending.enter_context(crowd(speaks_socketio=stack.speaks_socketio))
            )
            for stack in stacks
        }
        yield [
            Subject(name=stack.name, measure=partial(_measure, stack, aside[stack.name], sockets))
            for stack in stacks
        ]


def _measure(stack: Stack, aside: Stack, sockets: int) -> Figures:
    mass, single = stack.invite(2)
    bystanders = stack.invite(BYSTANDERS)
    stack.open([mass], each=sockets)
    aside.open([single, *bystanders], each=1)
    aside.crowd.ask(echo=[guest.key for guest in bystanders], per_second=ECHOES_A_SECOND)
    sleep_seconds(CALM_S)
    sent = stack.sender.ask(close=[mass.key, single.key], interval_s=SINGLE_AFTER_S)["sent"]
    last_close = stack.ends([mass.key])[mass.key]
    single_close = aside.ends([single.key])[single.key]
    sleep_seconds(CALM_S)
    trips = aside.crowd.ask(echo=[], per_second=0)["round_trips"]
    aside.leave()
    meanwhile = [took for asked_at, took in trips if sent[mass.key] <= asked_at <= last_close]
    return {
        "last_close_ms": (last_close - sent[mass.key]) * MS,
        "echo_p50_ms": percentile(meanwhile, 0.5) * MS,
        "echo_p99_ms": percentile(meanwhile, 0.99) * MS,
        "single_ms": (single_close - sent[single.key]) * MS,
        **(_gates(sockets) if stack.name == OURS else {}),
    }


def _gates(sockets: int) -> Figures:
    """For so many in one node; in the fleet each has half of them."""
    command = [sys.executable, "-m", "benchmarks.gates", str(sockets)]
    figures: Figures = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    return figures


BENCHMARK = Benchmark(
    name="mass-close",
    summary="one account's 5,000 sockets closed at once; 200 others echo 300 times a second",
    baseline="subscriber",
    subjects=_subjects,
    budgets=[
        Budget(figure="gates_ms", at_most=25.0),
        Budget(figure="last_close_ms", against="socket.io", at_most=1.25),
        Budget(figure="echo_p99_ms", against="socket.io", at_most=0.05),
        Budget(figure="echo_p99_ms", at_most=15.0),
        Budget(figure="single_ms", against=OURS, of_figure="last_close_ms", at_most=0.5),
    ],
)
