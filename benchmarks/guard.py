"""What a merge has to pass: `python -m benchmarks.guard`, under two minutes.

Ratios to the hand-written floor in the same run, with margins that a noisy machine does not exceed and a slip does: a
statement for each frame, a close that waits for another, a message decoded twice. What fails is played once more, and
only what fails again fails.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from rich.console import Console

from app.cli.problems import CommandRefused
from app.cli.stopping import stopped_by_signals
from benchmarks.benchmark import Benchmark, Budget, Figures, Options, Subject
from benchmarks.cases import frames, opens, publish_to_close, storm
from benchmarks.report import print_table
from benchmarks.running import Result, play
from benchmarks.stacks import Guest, Stack, ours_and_subscriber

__all__ = ["GUARD", "main", "passes"]

ROUNDS = 3
ATTEMPTS = 2
CALM = 60
WARM_UP = 20
STORM = 600
OPENED = 200
ECHOING = 50
ECHO_FOR_S = 1.0


def main() -> int:
    """0 if every ratio is within its margin."""
    console = Console(width=100, highlight=False)
    with stopped_by_signals():
        for _ in range(ATTEMPTS):
            try:
                result = play(GUARD, Options(rounds=ROUNDS))
            except (RuntimeError, CommandRefused) as error:
                console.print(f"It could not be played to its end: {error}")
                continue
            print_table(result, console)
            if passes(result):
                return 0
    return 1


def passes(result: Result) -> bool:
    """Whether all that was asked for was reached."""
    return all(verdict.is_met for verdict in result.verdicts())


@contextmanager
def _subjects(_options: Options) -> Iterator[Sequence[Subject]]:
    with ours_and_subscriber() as (_, mine, floor):
        stacks = (mine, floor)
        calm = {stack.name: stack.invite(CALM) for stack in stacks}
        for stack in stacks:
            publish_to_close.measure(stack, calm[stack.name][:WARM_UP])
        yield [Subject(name=stack.name, measure=partial(_round, stack, calm[stack.name])) for stack in stacks]


def _round(stack: Stack, calm: Sequence[Guest]) -> Figures:
    closing = publish_to_close.measure(stack, calm)
    echoing = stack.invite(ECHOING)
    stack.open(echoing, each=1)
    echo = frames.measure(stack, echoing, echo_for_s=ECHO_FOR_S)
    stack.leave()
    opened = opens.measure(stack, OPENED)
    stormy = storm.measure(stack, STORM)
    return {
        "publish_p50_ms": closing["p50_ms"],
        "echo_cpu_us": echo["echo_cpu_us"],
        "open_cpu_ms": opened["server_cpu_ms_each"],
        "storm_cpu_ms": stormy["server_cpu_ms_each"],
        "storm_per_second": stormy["closed_per_second"],
        "storm_missing": stormy["missing"],
    }


GUARD = Benchmark(
    name="guard",
    summary="ours beside the hand-written floor, in short",
    baseline="subscriber",
    subjects=_subjects,
    budgets=[
        Budget(figure="publish_p50_ms", against="subscriber", at_most=3.0),
        Budget(figure="echo_cpu_us", against="subscriber", at_most=3.5),
        Budget(figure="open_cpu_ms", against="subscriber", at_most=6.0),
        Budget(figure="storm_cpu_ms", against="subscriber", at_most=9.0),
        Budget(figure="storm_per_second", against="subscriber", at_least=0.08),
        Budget(figure="storm_missing", at_most=0),
    ],
)

if __name__ == "__main__":
    sys.exit(main())
