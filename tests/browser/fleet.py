"""A fleet of one node for a browser: node, worker and beat as processes, on a database and a Redis of their own."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.cli.fleet.child import Child, launch, send_to_all
from app.config import Environment, Settings
from app.data.engine import Database
from app.embedded.free_port import free_port
from tests.builders import Builders
from tests.waiting import eventually

__all__ = ["BrowserFleet", "a_fleet"]

HOST = "127.0.0.1"
READY_WITHIN_S = 45.0
STOP_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class BrowserFleet:
    """Where it listens, and how to make people in its database."""

    url: str
    settings: Settings
    database: Database
    make: Builders

    @property
    def sockets_url(self) -> str:
        """Where sockets open."""
        return self.url.replace("http:", "ws:") + "/ws"


@contextmanager
def a_fleet(*, database_url: str, redis_url: str, namespace: str, folder: Path) -> Iterator[BrowserFleet]:
    """Everything answers, until the block ends."""
    port = free_port()
    settings = Settings.model_validate(
        {"database_url": database_url, "redis_url": redis_url, "env": Environment.DEVELOPMENT}
    )
    environment = _environment(settings, namespace)
    children = [
        Child(name=name, command=[sys.executable, "-m", *command], environment=environment, folder=folder)
        for name, command in _commands(port, folder).items()
    ]
    database = Database(settings, application_name="browser tests")
    processes = [(child, launch(child)) for child in children]
    try:
        _wait_until_ready(processes, f"http://{HOST}:{port}")
        yield BrowserFleet(f"http://{HOST}:{port}", settings, database, Builders(database))
    finally:
        _stop([process for _, process in processes])
        database.dispose()


def _environment(settings: Settings, namespace: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CUTOFF_")},
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CUTOFF_ENV": "development",
        "CUTOFF_COOKIE_SECURE": "false",
        "CUTOFF_NAMESPACE": namespace,
        "CUTOFF_BUS_KEY": "a key of the tests",
        "CUTOFF_NODE_NAME": "node-1",
    }


def _commands(port: int, folder: Path) -> Mapping[str, list[str]]:
    quiet = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    return {
        "node": ["app.cli.main", "node", "--host", HOST, "--port", str(port)],
        "worker": ["celery", "-A", "worker", "worker", "-Q", "revocations,upkeep", "-c", "1", *quiet],
        "beat": ["celery", "-A", "worker", "beat", "-s", str(folder / "schedule"), "--pidfile", ""],
    }


def _wait_until_ready(processes: Collection[tuple[Child, "subprocess.Popen[bytes]"]], url: str) -> None:
    def is_ready() -> bool:
        for child, process in processes:
            assert process.poll() is None, f"{child.name} does not start:\n{child.log.read_text()[-4000:]}"
        logs = {child.name: child.log.read_text(errors="replace") for child, _ in processes}
        return " ready." in logs["worker"] and _answers(f"{url}/readyz")

    eventually(is_ready, within_s=READY_WITHIN_S)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(processes: Collection["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            send_to_all(process, signal.SIGKILL)
            process.wait()
