"""Processes of a benchmark: those that are told what to do in JSON lines, and what they all cost."""

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from app.embedded.process_table import children_of

__all__ = [
    "ROOT",
    "Helper",
    "cpu_seconds",
    "family_cpu_seconds",
    "helper",
    "proportional_bytes",
    "resident_bytes",
]

ROOT = Path(__file__).resolve().parent.parent
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
KIB = 1024
CPUCLOCK_SCHED = 2
ANSWERS_WITHIN_S = 300.0
STOPS_WITHIN_S = 5.0


class Helper:
    """A process of ours that answers each line with a line. It ends when its standard input does."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self, **order: Any) -> dict[str, Any]:
        """The answer to that order."""
        self.tell(**order)
        return self.answer()

    def tell(self, **order: Any) -> None:
        """The order is given; `answer` waits for what comes back."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next answer. Raises: RuntimeError if the process has ended, or says nothing for minutes."""
        stdout = self._process.stdout
        assert stdout
        if not select.select([stdout], [], [], ANSWERS_WITHIN_S)[0]:
            raise RuntimeError(f"{self._process.args!r} does not answer")
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """The process is gone."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


@contextmanager
def helper(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[Helper]:
    """Until the block ends."""
    process = Helper(command, environment or {})
    try:
        yield process
    finally:
        process.stop()


def cpu_seconds(*pids: int) -> float:
    """Of all those processes together, since they began. Raises: RuntimeError if one has ended."""
    try:
        return sum(time.clock_gettime(_cpu_clock_of(pid)) for pid in pids)
    except OSError as error:
        raise RuntimeError("a server ended while it was measured") from error


def family_cpu_seconds(parent: int) -> float:
    """Of that process and its children together, those included that have ended: PostgreSQL has a process a connection."""
    fields = Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[13]) + int(fields[14])) / TICKS_A_SECOND + cpu_seconds(parent)
    for child in children_of(parent):
        with suppress(RuntimeError):
            seconds += cpu_seconds(child)
    return seconds


def resident_bytes(pid: int) -> int:
    """What the process keeps in memory, what it shares included."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def proportional_bytes(pid: int) -> int:
    """The same, with what several processes share divided among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * KIB


def _cpu_clock_of(pid: int) -> int:
    """What `clock_getcpuclockid(3)` gives on Linux: the same time as in /proc, in nanoseconds rather than ticks."""
    return (~pid << 3) | CPUCLOCK_SCHED
