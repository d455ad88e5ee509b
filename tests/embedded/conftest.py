"""Folders that servers can reach, an environment that names no server, and programs that get killed."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.embedded import PostgresServer, scratch_folder, start_postgres

ENVIRONMENT_OF_SERVERS = ("DATABASE_URL", "REDIS_URL", "CUTOFF_ENV")


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def one_postgres() -> Iterator[PostgresServer]:
    with scratch_folder() as folder:
        server = start_postgres(folder / "pg", durable=False)
        yield server
        server.kill()


@pytest.fixture
def postgres(one_postgres: PostgresServer) -> PostgresServer:
    """A running server, whatever the test before has done to it: making one is the slow part."""
    one_postgres.thaw()
    one_postgres.start_again()
    return one_postgres


@pytest.fixture
def own_runtime(monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
    """Neither this process nor its children find another's instance, and the environment names no server."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(scratch))
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ENVIRONMENT_OF_SERVERS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def program() -> Iterator[Callable[[str], "Program"]]:
    """Runs Python code in a process of its own; killed at the end if it still lives."""
    programs: list[Program] = []

    def start(code: str) -> Program:
        programs.append(Program(code))
        return programs[-1]

    yield start
    for each in programs:
        each.kill()


class Program:
    """A Python process that prints one line when it is ready; its input stays open and empty."""

    def __init__(self, code: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def read_line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._process.communicate()
