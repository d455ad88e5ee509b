"""One process of ours, which ends with us, and whose output goes to a file."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.embedded import die_with_parent

__all__ = ["Child", "launch", "send_to_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What to start, again if need be. `environment` is all that it gets."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path

    @property
    def log(self) -> Path:
        """Where it writes."""
        return self.folder / f"{self.name}.log"


def launch(child: Child, *, listens: bool = False) -> subprocess.Popen[bytes]:
    """It runs, in a session of its own (a Ctrl-C is ours alone), until the calling *thread* ends at the latest.

    One that `listens` has a pipe for its standard input.
    """
    wrapper = [sys.executable, "-I", "-S", die_with_parent.__file__]
    death = [str(int(signal.SIGKILL)), str(os.getpid()), ""]
    with child.log.open("ab") as output:
        return subprocess.Popen(
            [*wrapper, *death, *child.command],
            cwd=child.folder,
            env=dict(child.environment),
            stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def send_to_all(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """The process and those that it forked get the signal; nothing happens where they are gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
