import subprocess
import sys
import threading

import pytest

from app.fanout.daemon_executor import DaemonExecutor


def hang(begun: threading.Event, release: threading.Event) -> None:
    begun.set()
    release.wait()


def test_what_a_call_raises_belongs_to_whoever_waits() -> None:
    executor = DaemonExecutor(name="test", threads=1, pending=1)
    future = executor.submit(lambda: 1 / 0)
    assert future is not None
    with pytest.raises(ZeroDivisionError):
        future.result(5)
    executor.close(timeout_s=5)


def test_there_is_room_for_so_many_and_no_more() -> None:
    executor = DaemonExecutor(name="test", threads=1, pending=2)
    begun, release = threading.Event(), threading.Event()
    executor.submit(lambda: hang(begun, release))
    assert begun.wait(5)
    assert [executor.submit(release.wait) is None for _ in range(3)] == [False, False, True]
    release.set()
    executor.close(timeout_s=5)


def test_what_has_not_begun_at_the_close_never_does() -> None:
    executor = DaemonExecutor(name="test", threads=1, pending=4)
    begun, release = threading.Event(), threading.Event()
    executor.submit(lambda: hang(begun, release))
    assert begun.wait(5)
    waiting = executor.submit(lambda: None)
    executor.close(timeout_s=0.01)
    executor.close(timeout_s=0.01)
    release.set()
    assert waiting is not None
    assert waiting.cancelled()
    assert executor.submit(lambda: None) is None


def test_a_cancelled_call_is_skipped_and_the_next_one_runs() -> None:
    executor = DaemonExecutor(name="test", threads=1, pending=4)
    begun, release = threading.Event(), threading.Event()
    executor.submit(lambda: hang(begun, release))
    assert begun.wait(5)
    skipped, next_one = executor.submit(pytest.fail), executor.submit(lambda: None)
    assert skipped is not None
    assert next_one is not None
    assert skipped.cancel()
    release.set()
    next_one.result(5)
    executor.close(timeout_s=5)


def test_a_call_that_hangs_does_not_keep_the_process() -> None:
    code = (
        "import threading; from app.fanout.daemon_executor import DaemonExecutor as E;"
        "e = E(name='t', threads=1, pending=1); b = threading.Event();"
        "e.submit(lambda: (b.set(), threading.Event().wait())); b.wait(); e.close(timeout_s=0.01)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=20, check=False).returncode == 0
