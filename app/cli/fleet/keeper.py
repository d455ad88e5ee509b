"""Keeps one child alive: starts it again when it ends, and kills it when it has stopped answering.

This is the watchdog outside the event loop: a node whose loop hangs moves no frames, but holds its TCP connections
until somebody ends the process. Its peers then come back, to a node that answers.
"""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress

from app.cli.fleet.child import Child, launch, send_to_all
from app.clock import boot_seconds

__all__ = ["Keeper"]

LOOK_EVERY_S = 1.0
LISTEN_EVERY_S = 0.01
START_WITHIN_S = 30.0
SILENCE_S = 5.0
"""A node that has not answered for so long is killed."""
STOP_WITHIN_S = 10.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0


class Keeper:
    """One thread and its child. `answers` asks whether the child is alive inside; None takes its word for it.

    `further` are variables that are not known yet: the child, a `warm_start`, gets them when they are.
    """

    def __init__(
        self,
        child: Child,
        *,
        answers: Callable[[], bool] | None,
        tell: Callable[[str], None],
        further: Future[Mapping[str, str]] | None = None,
    ) -> None:
        self.child = child
        self.ends = 0
        self._answers = answers
        self._tell = tell
        self._further = further
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"keeper of {child.name}", daemon=True)

    def start(self) -> None:
        """The child starts; returns at once."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """The child gets SIGTERM soon, and is not started again."""
        self._stopping.set()

    def wait_until_stopped(self) -> None:
        """The child is gone; bounded, since what does not end is killed."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            # In this thread: the kernel's death signal is tied to the thread that made the child.
            process = launch(self.child, listens=self._further is not None)
            self._hand_over(process)
            started = boot_seconds()
            self._watch(process, started)
            if self._stopping.is_set():
                _stop(process)
                return
            self.ends += 1
            pause_s = FIRST_PAUSE_S if boot_seconds() - started > STEADY_AFTER_S else pause_s
            self._tell(f"{self.child.name} ended ({_how(process)}), starts again in {pause_s:g} s")
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _hand_over(self, process: subprocess.Popen[bytes]) -> None:
        """The child has the rest of its environment; or has ended before that was known, or is to be stopped."""
        if self._further is None or process.stdin is None:
            return
        with suppress(BrokenPipeError), process.stdin as told:
            while not self._further.done():
                if process.poll() is not None or self._stopping.wait(LISTEN_EVERY_S):
                    return
            told.write(json.dumps(dict(self._further.result())).encode())

    def _watch(self, process: subprocess.Popen[bytes], started: float) -> None:
        """Returns when the child has ended, or is to be stopped."""
        silent_from, patience_s = started, START_WITHIN_S
        while process.poll() is None and not self._stopping.wait(LOOK_EVERY_S):
            if self._answers is None:
                continue
            if self._answers():
                silent_from, patience_s = boot_seconds(), SILENCE_S
            elif boot_seconds() - silent_from > patience_s:
                self._tell(f"{self.child.name} has not answered for {patience_s:g} s and is killed")
                send_to_all(process, signal.SIGKILL)
                process.wait()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        send_to_all(process, signal.SIGKILL)
        process.wait()


def _how(process: subprocess.Popen[bytes]) -> str:
    status = process.returncode
    return f"signal {-status}" if status < 0 else f"status {status}"
