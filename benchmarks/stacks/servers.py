"""Server processes of a peer, and the helpers beside them."""

import itertools
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from app.cli.fleet.child import Child, launch
from app.clock import boot_seconds, sleep_seconds
from app.embedded import scratch_folder
from app.embedded.free_port import free_port
from benchmarks.children import ROOT, Helper, helper
from benchmarks.stacks.stack import Guest

__all__ = ["crowd", "guests_without_tokens", "running_servers", "started_server"]

HOST = "127.0.0.1"
READY_WITHIN_S = 30.0
LOOK_EVERY_S = 0.05
STOPS_WITHIN_S = 10.0
_numbers = itertools.count()


@contextmanager
def running_servers(
    command: Sequence[str], *, count: int, environment: Mapping[str, str]
) -> Iterator[tuple[list[int], list[int]]]:
    """Their ports and process ids; the port is the command's last word. They end with the block."""
    with ExitStack() as ending:
        folder = ending.enter_context(scratch_folder())
        started = [
            ending.enter_context(started_server(command, folder=folder, environment=environment))
            for _ in range(count)
        ]
        yield [port for port, _ in started], [pid for _, pid in started]


@contextmanager
def started_server(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[int, int]]:
    """The port and process id of one that accepts connections. Raises: RuntimeError with its log if it does not."""
    port = free_port()
    child = Child(
        name=f"server-{port}",
        command=[*command, str(port)],
        environment={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        folder=folder,
    )
    process = launch(child)
    try:
        _wait_until_it_accepts(port, child)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(STOPS_WITHIN_S)


@contextmanager
def crowd(*, speaks_socketio: bool = False) -> Iterator[Helper]:
    """A process to hold sockets."""
    words = [sys.executable, "-m", "benchmarks.crowd", *(["--socketio"] if speaks_socketio else [])]
    with helper(words) as process:
        yield process


def guests_without_tokens(count: int) -> list[Guest]:
    """New names; the server asks for nothing else."""
    return [Guest(f"account{next(_numbers)}") for _ in range(count)]


def _wait_until_it_accepts(port: int, child: Child) -> None:
    gives_up_at = boot_seconds() + READY_WITHIN_S
    while boot_seconds() < gives_up_at:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        sleep_seconds(LOOK_EVERY_S)
    raise RuntimeError(f"{child.command} does not start: {child.log.read_text()[-2000:]}")
