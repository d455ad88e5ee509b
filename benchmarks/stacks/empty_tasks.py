"""A Celery worker like ours whose task does nothing, and a process that sends it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.fleet.child import Child, launch
from app.embedded import scratch_folder
from benchmarks.children import ROOT, Helper, helper

__all__ = ["empty_tasks"]

MODULE = "benchmarks.peers.empty_task"
SLOTS = 2
STOPS_WITHIN_S = 10.0


@contextmanager
def empty_tasks(redis_url: str) -> Iterator[Helper]:
    """The sender; it has been through once."""
    environment = {"REDIS_URL": redis_url}
    options = ["--concurrency", str(SLOTS), "--without-gossip", "--without-mingle", "--hostname", "empty@%h"]
    with scratch_folder() as folder:
        child = Child(
            name="empty",
            command=[sys.executable, "-m", "celery", "-A", MODULE, "worker", *options],
            environment={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            folder=folder,
        )
        process = launch(child)
        try:
            with helper([sys.executable, "-m", MODULE], environment) as sender:
                sender.ask(tasks=20, interval_s=0.0)
                yield sender
        finally:
            process.terminate()
            try:
                process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
