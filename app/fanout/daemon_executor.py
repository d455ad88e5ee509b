"""Threads for calls that may hang: few, with a bounded queue, and never waited for when the process ends."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

__all__ = ["DaemonExecutor"]


class DaemonExecutor:
    """Runs calls on `threads` threads of its own, with at most `pending` more waiting.

    The standard library's executor queues without a bound, and joins its threads at exit: one call that
    hangs would keep the process.
    """

    def __init__(self, *, name: str, threads: int, pending: int) -> None:
        self._calls: queue.Queue[_Call | None] = queue.Queue(maxsize=pending)
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        self._is_closed = False
        for thread in self._threads:
            thread.start()

    def submit(self, call: Callable[[], object]) -> Future[None] | None:
        """Done when the call is over, with its exception if it raised; None if there is no room for it."""
        if self._is_closed:
            return None
        future: Future[None] = Future()
        try:
            self._calls.put_nowait((future, call))
        except queue.Full:
            return None
        return future

    def close(self, *, timeout_s: float) -> None:
        """Nothing that has not begun will; what hangs after `timeout_s` seconds is left to end with the process."""
        self._is_closed = True
        self._cancel_waiting()
        for _ in self._threads:
            self._calls.put_nowait(None)
        for thread in self._threads:
            thread.join(timeout_s / len(self._threads))

    def _cancel_waiting(self) -> None:
        while True:
            try:
                waiting = self._calls.get_nowait()
            except queue.Empty:
                return
            if waiting is not None:
                waiting[0].cancel()

    def _work(self) -> None:
        while (waiting := self._calls.get()) is not None:
            future, call = waiting
            if not future.set_running_or_notify_cancel():
                continue
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the future
                future.set_exception(error)
            else:
                future.set_result(None)


_Call = tuple[Future[None], Callable[[], object]]
