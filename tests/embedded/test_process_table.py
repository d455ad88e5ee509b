"""Reading /proc."""

import os
import signal
import subprocess
import sys

from app.embedded.process_table import ProcessId, children_of, identify, is_alive, state_of
from tests.embedded.waiting import eventually


def test_a_process_is_known_by_number_and_start() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert is_alive(me)
    assert not is_alive(ProcessId(pid=me.pid, started=me.started + 1))


def test_a_zombie_is_not_alive_and_nobodys_child() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        eventually(lambda: state_of(child.pid) == "Z")
        assert identify(child.pid) is None
        assert child.pid not in children_of(os.getpid())
        child.wait()
    assert state_of(child.pid) == ""


def test_a_stopped_process_is_alive() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        child.send_signal(signal.SIGSTOP)
        eventually(lambda: state_of(child.pid) == "T")
        assert child.pid in children_of(os.getpid())
        child.kill()
