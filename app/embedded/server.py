"""One server process that ends with ours, and can be broken in every way a test may want."""

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final

from app.clock import boot_seconds, sleep_seconds
from app.embedded import die_with_parent
from app.embedded.problems import EmbeddedServersRefused, with_log
from app.embedded.process_table import children_of, identify, is_alive, state_of
from app.embedded.runtime_folder import note_server
from app.embedded.server_user import server_user

__all__ = ["Server", "launch"]

READY_WITHIN_S = 20.0
STOPPED_WITHIN_S = 10.0
SETTLED_WITHIN_S = 5.0
PROBE_INTERVAL_S = 0.01

# A death signal fires when the *thread* that made the child ends, so one that lives as long as we do makes them all.
_launcher: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-launcher")


def launch(
    command: Sequence[str | Path], *, log: Path, death_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    """The command runs, as whom servers run as, in a session of its own (a Ctrl-C is ours alone), and ends with us."""
    user = ":".join(str(number) for number in server_user() or ())
    words = [str(word) for word in command]
    wrapped = [
        sys.executable,
        "-I",
        "-S",
        die_with_parent.__file__,
        str(int(death_signal)),
        str(os.getpid()),
        user,
    ]

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [*wrapped, *words],
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    return _launcher.submit(start).result()


class Server(ABC):
    """A server on 127.0.0.1 with a password of its own. `url` stays the same for life, restarts included."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    death_signal: ClassVar[signal.Signals]

    def __init__(self, *, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.log = folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for a client, password included."""

    @abstractmethod
    def _command(self) -> Sequence[str | Path]: ...

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client is served by now."""

    @property
    def pid(self) -> int:
        """The process id; the last one, if it has been stopped."""
        assert self._process is not None, "never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process exists; a frozen one does."""
        return self._process is not None and self._process.poll() is None

    def start_again(self) -> None:
        """It serves again, on the same port and folder. Nothing happens if it runs.

        Raises: EmbeddedServersRefused, with the end of its log, if it does not.
        """
        if self.is_running:
            return
        self._process = launch(self._command(), log=self.log, death_signal=self.death_signal)
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.kill()
            raise
        note_server(self.folder, self.pid)

    def stop(self) -> None:
        """It has ended in order, or has been killed because it did not. Safe to repeat."""
        if not self.is_running:
            return
        assert self._process is not None, "it runs"
        self.thaw()
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """All its processes were killed at once, as by a power cut, and are gone. Safe to repeat."""
        if not self.is_running:
            return
        assert self._process is not None, "it runs"
        # Stopped first, so that the parent neither makes new children nor sees the old ones die.
        _send(signal.SIGSTOP, [self.pid])
        living = [process for pid in self._all_pids() if (process := identify(pid))]
        _send(signal.SIGKILL, [process.pid for process in living])
        self._process.wait(SETTLED_WITHIN_S)
        _wait_until(lambda: not any(map(is_alive, living)), f"{self.name} outlived SIGKILL")

    def freeze(self) -> None:
        """No process of it runs any more, yet all its connections stay open."""
        _send(signal.SIGSTOP, [self.pid])
        pids = self._all_pids()
        _send(signal.SIGSTOP, pids)
        _wait_until(lambda: all(state_of(pid) in "TZ" for pid in pids), f"{self.name} did not freeze")

    def thaw(self) -> None:
        """It runs on. Nothing happens if it was not frozen."""
        _send(signal.SIGCONT, reversed(self._all_pids()))

    def _all_pids(self) -> list[int]:
        return [self.pid, *children_of(self.pid)] if self.is_running else []

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = boot_seconds() + READY_WITHIN_S
        while not self._answers():
            if process.poll() is not None:
                raise EmbeddedServersRefused(with_log(f"{self.name} ended while starting:", self.log))
            if boot_seconds() > deadline:
                raise EmbeddedServersRefused(with_log(f"{self.name} did not answer in time:", self.log))
            sleep_seconds(PROBE_INTERVAL_S)


def _send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _wait_until(settled: Callable[[], bool], problem: str) -> None:
    deadline = boot_seconds() + SETTLED_WITHIN_S
    while not settled():
        if boot_seconds() > deadline:
            raise TimeoutError(problem)
        sleep_seconds(PROBE_INTERVAL_S)
