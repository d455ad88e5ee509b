"""Whatever ends the process that started servers, they end too."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from app.embedded import die_with_parent
from app.embedded.process_table import children_of, identify, is_alive
from tests.embedded.conftest import Program
from tests.embedded.waiting import eventually

STARTS_BOTH = """
import json, signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it is ignored where the tests run under nohup
from app.embedded import scratch_folder, start_postgres, start_redis
with scratch_folder() as folder:
    postgres, redis = start_postgres(folder / "pg", durable=False), start_redis(folder / "r")
    print(json.dumps({"pids": [postgres.pid, redis.pid], "url": postgres.url, "folder": str(folder)}), flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_servers_end_with_their_parent_though_a_client_is_connected(
    program: Callable[[str], Program], end: signal.Signals
) -> None:
    parent = program(STARTS_BOTH)
    facts = json.loads(parent.read_line())
    pids = [pid for server in facts["pids"] for pid in (server, *children_of(server))]
    processes = [process for pid in pids if (process := identify(pid))]
    assert len(processes) >= len(facts["pids"])
    client = psycopg.connect(facts["url"])
    try:
        os.kill(parent.pid, end)
        eventually(lambda: not any(map(is_alive, processes)))
    finally:
        client.close()


@pytest.mark.usefixtures("own_runtime")
def test_what_a_killed_parent_left_is_removed_by_the_next_one(program: Callable[[str], Program]) -> None:
    parent = program(STARTS_BOTH)
    left = Path(json.loads(parent.read_line())["folder"])
    parent.kill()
    assert left.exists()
    program(STARTS_BOTH).read_line()
    assert not left.exists()


def test_a_child_whose_parent_died_before_it_was_bound_does_not_start() -> None:
    stranger = str(os.getppid())
    wrapped = [
        sys.executable,
        "-I",
        "-S",
        die_with_parent.__file__,
        "9",
        stranger,
        "",
        "/bin/echo",
        "started",
    ]
    finished = subprocess.run(wrapped, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (1, "")
