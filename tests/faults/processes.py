"""The product's own processes: started, frozen, thawed and killed, with everything that they forked."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.cli.fleet.child import Child, launch, send_to_all
from app.embedded.free_port import free_port

HOST = "127.0.0.1"
PROBE_TIMEOUT_S = 1.0


class OurProcess:
    """One process of the product; it ends with the thread that started it."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._child = Child(
            name=name, command=[sys.executable, "-m", *command], environment=environment, folder=folder
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self._child.log.read_text(errors="replace") if self._child.log.exists() else ""

    def start(self) -> None:
        """Nothing happens if it runs."""
        if not self.is_running:
            self._process = launch(self._child)

    def kill(self) -> None:
        """With -9, all at once. Safe to repeat."""
        if self._process is not None:
            send_to_all(self._process, signal.SIGKILL)
            self._process.wait()

    def terminate(self) -> None:
        assert self._process is not None
        self._process.terminate()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Meanwhile it does nothing, and keeps all that it holds."""
        assert self._process is not None
        send_to_all(self._process, signal.SIGSTOP)
        try:
            yield
        finally:
            send_to_all(self._process, signal.SIGCONT)


class NodeProcess(OurProcess):
    """`cutoff node`."""

    def __init__(self, name: str, environment: Mapping[str, str], folder: Path) -> None:
        self.port = free_port()
        command = ["app.cli.main", "node", "--host", HOST, "--port", str(self.port)]
        super().__init__(name, command, {**environment, "CUTOFF_NODE_NAME": name}, folder)

    @property
    def websocket(self) -> str:
        return f"ws://{HOST}:{self.port}/ws"

    def readiness(self) -> dict[str, Any]:
        """What `/readyz` says; empty where nobody answers."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PROBE_TIMEOUT_S)
        try:
            connection.request("GET", "/readyz")
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        finally:
            connection.close()
        return answer


def worker_process(environment: Mapping[str, str], folder: Path) -> OurProcess:
    options = ["--queues", "revocations,upkeep", "--concurrency", "1", "--without-gossip", "--without-mingle"]
    return OurProcess(
        "worker", ["celery", "-A", "worker", "worker", *options, "--loglevel", "INFO"], environment, folder
    )


def beat_process(name: str, environment: Mapping[str, str], folder: Path) -> OurProcess:
    command = ["celery", "-A", "worker", "beat", "--pidfile", "", "--loglevel", "INFO"]
    return OurProcess(name, command, environment, folder)
