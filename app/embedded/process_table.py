"""Reading /proc: which processes live, when they started, whose children they are."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessId", "children_of", "identify", "is_alive", "state_of"]

# Numbered from the field after the command's name in /proc/<pid>/stat, see proc_pid_stat(5).
STATE, PARENT, START_TIME = 0, 1, 19


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessId:
    """One process, not to be confused with a later one of the same number. `started` is in ticks since boot."""

    pid: int
    started: int


def identify(pid: int) -> ProcessId | None:
    """The living process of that number; None if there is none, a zombie included."""
    fields = _stat(pid)
    if not fields or fields[STATE] in "ZX":
        return None
    return ProcessId(pid=pid, started=int(fields[START_TIME]))


def is_alive(process: ProcessId) -> bool:
    """Whether this very process, not just its number, lives."""
    return identify(process.pid) == process


def state_of(pid: int) -> str:
    """One letter: R, S, D running or waiting, T stopped, Z dead but not collected, empty if there is no such process."""
    fields = _stat(pid)
    return fields[STATE] if fields else ""


def children_of(pid: int) -> list[int]:
    """The living children, in no order."""
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [number for number in numbers if _parent(number) == pid]


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[PARENT]) if fields and fields[STATE] not in "ZX" else None


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    # The command's name is in brackets, and may hold anything, brackets and blanks too.
    return text.rpartition(")")[2].split()
