"""The fleet's children: started again when they die, killed when they hang, gone when we are."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from app.cli.fleet import keeper as keeper_module
from app.cli.fleet.child import Child
from app.cli.fleet.installation import this_installation
from app.cli.fleet.keeper import Keeper
from app.cli.fleet.probes import answers_at_all, has_logged, is_ready
from app.cli.problems import CommandRefused
from app.embedded.free_port import free_port

WITHIN_S = 15
SERVER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 204)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("serving", os.getpid(), "", flush=True)
server.serve_forever()
"""


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Kept:
    """A little server under a keeper."""

    def __init__(self, folder: Path, *, is_watched: bool) -> None:
        self.port = free_port()
        self.told: list[str] = []
        child = Child(
            name="server",
            command=[sys.executable, "-c", SERVER, str(self.port)],
            environment=dict(os.environ),
            folder=folder,
        )
        self._probe = answers_at_all("127.0.0.1", self.port)
        self.has_answered = False
        self.keeper = Keeper(child, answers=self._answers if is_watched else None, tell=self.told.append)

    def _answers(self) -> bool:
        is_answer = self._probe()
        self.has_answered |= is_answer
        return is_answer

    @property
    def pids(self) -> list[int]:
        log = self.keeper.child.log
        return [int(pid) for pid in re.findall(r"serving (\d+) ", log.read_text())] if log.exists() else []


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(keeper_module, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(keeper_module, "SILENCE_S", 0.5)
    started: list[Kept] = []

    def start(*, is_watched: bool = False) -> Kept:
        server = Kept(tmp_path, is_watched=is_watched)
        started.append(server)
        server.keeper.start()
        wait_until(lambda: len(server.pids) == 1)
        return server

    yield start
    for server in started:
        server.keeper.wait_until_stopped()
        assert not any(map(is_alive, server.pids))


def test_a_child_that_dies_is_started_again(kept):
    server = kept()
    os.kill(server.pids[0], signal.SIGKILL)
    wait_until(lambda: len(server.pids) == 2)
    assert server.keeper.ends == 1
    assert server.told == ["server ended (signal 9), starts again in 0.5 s"]


def test_a_child_that_hangs_is_killed_and_started_again(kept):
    server = kept(is_watched=True)
    wait_until(lambda: server.has_answered)
    hung = server.pids[0]
    os.kill(hung, signal.SIGSTOP)
    wait_until(lambda: len(server.pids) == 2)
    assert not is_alive(hung)
    assert server.told[0] == "server has not answered for 0.5 s and is killed"


def test_a_child_that_answers_is_left_alone(kept):
    server = kept(is_watched=True)
    wait_until(lambda: server.has_answered)
    wait_until(is_ready("127.0.0.1", server.port))
    time.sleep(1.0)
    assert len(server.pids) == 1
    assert server.told == []


def test_a_frozen_child_is_stopped_all_the_same(kept, monkeypatch):
    monkeypatch.setattr(keeper_module, "STOP_WITHIN_S", 0.3)
    server = kept()
    os.kill(server.pids[0], signal.SIGSTOP)
    server.keeper.wait_until_stopped()
    assert not is_alive(server.pids[0])


def test_children_end_with_a_parent_that_is_killed(tmp_path):
    program = f"""
import os, sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.cli.test_fleet import Kept
server = Kept(Path({str(tmp_path)!r}), is_watched=False)
server.keeper.start()
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", program])
    try:
        wait_until(has_logged(tmp_path / "server.log", "serving"))
        pid = int((tmp_path / "server.log").read_text().split()[1])
        assert is_alive(pid)
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not is_alive(pid))


def test_nobody_answers_where_nobody_listens():
    port = free_port()
    assert not answers_at_all("127.0.0.1", port)()
    assert not is_ready("127.0.0.1", port)()


def test_an_installation_keeps_its_secrets_and_shows_them_to_nobody(monkeypatch, tmp_path):
    monkeypatch.setattr("app.cli.fleet.installation.runtime_folder", lambda: tmp_path)
    first = this_installation()
    assert this_installation() == first
    assert (tmp_path / "installation.json").stat().st_mode & 0o077 == 0


def test_a_command_that_is_refused_says_so_in_its_own_words():
    assert str(CommandRefused("Not here.")) == "Not here."


def test_a_child_waits_for_what_it_is_told_and_one_that_is_started_again_is_told_at_once(tmp_path):
    code = "import json, sys; print('told', json.load(sys.stdin)['NAME'], flush=True)"
    child = Child(name="child", command=[sys.executable, "-c", code], environment={}, folder=tmp_path)
    further: Future[Mapping[str, str]] = Future()
    keeper = Keeper(child, answers=None, tell=lambda _what: None, further=further)
    keeper.start()
    try:
        wait_until(child.log.exists)
        assert "told" not in child.log.read_text()
        further.set_result({"NAME": "one"})
        wait_until(lambda: child.log.read_text().count("told one") == 2)
    finally:
        keeper.wait_until_stopped()


def test_a_child_that_was_told_nothing_is_stopped_all_the_same(tmp_path):
    child = Child(
        name="child",
        command=[sys.executable, "-c", "import sys; sys.stdin.read()"],
        environment={},
        folder=tmp_path,
    )
    keeper = Keeper(child, answers=None, tell=lambda _what: None, further=Future())
    keeper.start()
    wait_until(child.log.exists)
    keeper.wait_until_stopped()
    assert keeper.ends == 0
