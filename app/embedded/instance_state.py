"""What the running instance of a checkout tells later commands about itself, in a file that only its user can read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from app.embedded.process_table import ProcessId, is_alive

__all__ = ["InstanceState", "forget_state", "read_state", "write_state"]

FILE = "instance.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceState:
    """Empty addresses are those that the instance did not start, because its environment named them."""

    processes: list[ProcessId]
    """Its owner and its servers."""
    durable: bool
    database_url: str
    redis_url: str


def read_state(folder: Path) -> InstanceState | None:
    """The instance that runs; None if there is none, if a process of it is gone, or if the file is from another version."""
    try:
        fields = json.loads((folder / FILE).read_text())
        processes = [ProcessId(**process) for process in fields.pop("processes")]
        state = InstanceState(processes=processes, **fields)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return state if all(map(is_alive, state.processes)) else None


def write_state(folder: Path, state: InstanceState) -> None:
    """Later commands find the instance."""
    draft = folder / f"{FILE}.draft"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(state)))
    draft.rename(folder / FILE)


def forget_state(folder: Path) -> None:
    """Later commands start their own."""
    (folder / FILE).unlink(missing_ok=True)
