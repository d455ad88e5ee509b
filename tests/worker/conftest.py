"""Real Celery processes against real servers."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.data.engine import Database
from app.fanout.task_queue import TaskQueue
from tests.operations.performing import Facts
from tests.waiting import eventually

START_WITHIN_S = 40.0
STOP_WITHIN_S = 20.0


class CeleryProcess:
    """`celery -A worker …` in a process group of its own, with a log."""

    def __init__(self, arguments: list[str], *, settings: Settings, log: Path, **variables: str) -> None:
        self.log = log
        assert settings.bus_key is not None
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CUTOFF_")},
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "CUTOFF_NAMESPACE": settings.namespace,
            "CUTOFF_BUS_KEY": settings.bus_key.get_secret_value(),
            "PYTHONUNBUFFERED": "1",
            **variables,
        }
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "worker", *arguments],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def says(self, pattern: str) -> bool:
        assert self._process.poll() is None, self.output
        return re.search(pattern, self.output) is not None

    def signal_all(self, number: signal.Signals) -> None:
        """To the parent and its children at once."""
        os.killpg(self.pid, number)

    def stop(self) -> int:
        """The exit status of an orderly end."""
        self._process.terminate()
        return self._process.wait(STOP_WITHIN_S)

    def kill(self) -> None:
        if self._process.poll() is None:
            self.signal_all(signal.SIGKILL)
        self._process.wait()


StartCelery = Callable[..., CeleryProcess]


@pytest.fixture
def start_celery(settings: Settings, tmp_path: Path) -> Iterator[StartCelery]:
    started: list[CeleryProcess] = []

    def start(*arguments: str, **variables: str) -> CeleryProcess:
        log = tmp_path / f"celery-{len(started)}.log"
        started.append(CeleryProcess(list(arguments), settings=settings, log=log, **variables))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def start_worker(start_celery: StartCelery) -> Callable[..., CeleryProcess]:
    """A worker that is ready, of one child unless told otherwise."""

    def start(*arguments: str, **variables: str) -> CeleryProcess:
        options = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO")
        worker = start_celery("worker", *options, *arguments, **variables)
        eventually(lambda: worker.says(r" ready\."), within_s=START_WITHIN_S)
        return worker

    return start


@pytest.fixture
def start_beat(start_celery: StartCelery) -> Callable[[], CeleryProcess]:
    return lambda: start_celery("beat", "--loglevel", "INFO")


@pytest.fixture
def queue(settings: Settings) -> Iterator[TaskQueue]:
    queue = TaskQueue(settings)
    yield queue
    queue.close()


@pytest.fixture
def facts(database: Database) -> Facts:
    return Facts(database)
