"""The index of a million connections: its memory, its collection pauses, and what one look-up costs among so many."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.children import ROOT

__all__ = ["BENCHMARK"]

CONNECTIONS = 1_000_000


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(CONNECTIONS, least=10_000)
    yield [
        Subject(name=OURS, measure=lambda: _measure("cutoff", count)),
        Subject(name="dicts of sets", measure=lambda: _measure("plain", count)),
    ]


def _measure(kind: str, count: int) -> Figures:
    command = [sys.executable, "-m", "benchmarks.million", kind, str(count)]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    figures: Figures = json.loads(ran.stdout)
    return figures


BENCHMARK = Benchmark(
    name="registry",
    summary="a million connections in the registry, without their sockets",
    baseline="dicts of sets",
    subjects=_subjects,
    budgets=[
        Budget(figure="index_bytes_each", at_most=250.0),
        Budget(figure="longest_pause_ms", at_most=5.0),
    ],
)
