"""Many schedules, on all cores; what they found, and how much of what can happen they have seen happen."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tests.simulation.schedule import run
from tests.simulation.ticks import SECOND

__all__ = ["Found", "first_failure", "search"]

CHUNK = 100


@dataclass(slots=True)
class Found:
    """The sum over some schedules. `failures` are seed, rule and what was wrong."""

    schedules: int = 0
    sockets: int = 0
    worst: int = 0
    took_s: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    interleavings: set[tuple[str, str, str]] = field(default_factory=set)
    failures: list[tuple[int, str, str]] = field(default_factory=list)
    last_new_at: int = 0
    """After how many schedules an interleaving was seen for the first time."""

    def add(self, other: "Found") -> None:
        """Both together."""
        self.schedules += other.schedules
        self.sockets += other.sockets
        self.worst = max(self.worst, other.worst)
        self.seen.update(other.seen)
        self.failures.extend(other.failures)
        if not other.interleavings <= self.interleavings:
            self.interleavings |= other.interleavings
            self.last_new_at = self.schedules

    def as_json(self) -> dict[str, float]:
        """The line at the end. A survivor is a frame that passed too late, or a receipt that said so too early."""
        false_closes = sum(rule == "P2" for _, rule, _ in self.failures)
        return {
            "schedules": self.schedules,
            "sockets": self.sockets,
            "survivors": sum(rule in {"P1", "P7", "P11", "P12"} for _, rule, _ in self.failures),
            "false_closes": false_closes,
            "violations": len(self.failures),
            "worst_s": self.worst / SECOND,
            "per_second": round(self.schedules / max(self.took_s, 0.001), 1),
        }


def search(
    schedules: int,
    *,
    first_seed: int = 0,
    processes: int | None = None,
    on_progress: Callable[[Found], None] = lambda _: None,
) -> Found:
    """What the seeds from the first one on have found."""
    found, began = Found(), time.perf_counter()
    chunks = [
        (start, min(CHUNK, first_seed + schedules - start))
        for start in range(first_seed, first_seed + schedules, CHUNK)
    ]
    with multiprocessing.get_context("spawn").Pool(processes or os.cpu_count() or 1) as pool:
        for part in pool.imap_unordered(_chunk, chunks):
            found.add(part)
            found.took_s = time.perf_counter() - began
            on_progress(found)
    return found


def first_failure(
    seeds: Iterator[int] | range, *, under: AbstractContextManager[None] | None = None
) -> tuple[int, str] | None:
    """The first seed that violates something, and what; None when none does."""
    with under or nullcontext():
        for seed in seeds:
            outcome = run(seed)
            if outcome.violated is not None:
                return seed, outcome.violated
    return None


def _chunk(which: tuple[int, int]) -> Found:
    start, size = which
    found = Found()
    for seed in range(start, start + size):
        outcome = run(seed)
        found.schedules += 1
        found.sockets += outcome.sockets
        found.worst = max(found.worst, outcome.worst)
        found.seen.update(outcome.seen)
        found.interleavings |= outcome.interleavings
        if outcome.violated is not None:
            found.failures.append((seed, outcome.violated, outcome.what))
    return found
