"""What one node costs as its sockets become more: memory, CPU at rest, and CPU for a revocation at two rates."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from app.clock import boot_seconds, sleep_seconds
from benchmarks.benchmark import Benchmark, Figures, Options, Subject
from benchmarks.children import resident_bytes
from benchmarks.figures import MS, percentile
from benchmarks.stacks import Guest, Stack
from benchmarks.stacks.ours import our_fleet, our_stack

__all__ = ["BENCHMARK"]

SOCKETS = (1_000, 5_000, 10_000, 18_000)
SETTLE_S = 2.0
WATCHED_S = 8.0
REVOCATIONS = {20: 100, 200: 400}
"""By rate, how many: each on a socket of its own."""
PERCENT = 100.0
KIB = 1024.0
MB = 1_000_000.0


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    revocations = {rate: options.scaled(count, least=5) for rate, count in REVOCATIONS.items()}
    sizes = sorted({options.scaled(count, least=sum(revocations.values())) for count in SOCKETS})
    watched_s = max(1.0, WATCHED_S * options.scale)
    yield [
        Subject(name=f"{count:,} sockets", measure=partial(_measure, count, revocations, watched_s))
        for count in sizes
    ]


def _measure(count: int, revocations: dict[int, int], watched_s: float) -> Figures:
    """On a fleet that has had no socket yet; all of them on one node of it."""
    with our_fleet() as ours, our_stack(ours) as both:
        stack = replace(both, urls=both.urls[:1], pids=both.pids[:1])
        sleep_seconds(SETTLE_S)
        empty = resident_bytes(stack.pids[0])
        guests, before_s = stack.invite(count), stack.cpu_s()
        stack.open(guests, each=1)
        open_ms = (stack.cpu_s() - before_s) * MS / count
        sleep_seconds(SETTLE_S)
        full = resident_bytes(stack.pids[0])
        idle = _idle_cores(stack, watched_s)
        return {
            "node_mb": full / MB,
            "kib_a_socket": (full - empty) / KIB / count,
            "open_cpu_ms": open_ms,
            "idle_core_percent": idle * PERCENT,
            **_revoked(stack, guests, revocations, idle),
        }


def _idle_cores(stack: Stack, watched_s: float) -> float:
    before_s, began_at = stack.cpu_s(), boot_seconds()
    sleep_seconds(watched_s)
    return (stack.cpu_s() - before_s) / (boot_seconds() - began_at)


def _revoked(stack: Stack, guests: Sequence[Guest], revocations: dict[int, int], idle: float) -> Figures:
    """For each rate: the node's CPU for one beyond what it takes at rest, and how long until the close frame."""
    figures, left = {}, iter(guests)
    for rate, count in revocations.items():
        keys = [next(left).key for _ in range(count)]
        before_s, began_at = stack.cpu_s(), boot_seconds()
        seconds = stack.close_paced(keys, interval_s=1 / rate)
        own_s = stack.cpu_s() - before_s - idle * (boot_seconds() - began_at)
        figures[f"revocation_cpu_ms_at_{rate}"] = own_s * MS / count
        figures[f"closed_p50_ms_at_{rate}"] = percentile(seconds, 0.5) * MS
    return figures


BENCHMARK = Benchmark(
    name="sockets-a-node",
    summary="one node with 1,000 to 18,000 sockets that say nothing: memory, CPU at rest, CPU for a revocation",
    baseline="",
    subjects=_subjects,
)
