"""A process of the fleet, started before its servers are there: it imports what it needs, then waits for its environment.

`python -m app.cli.fleet.warm_start node …` or `… celery …`, with a JSON object of variables on its standard input.
"""

import json
import os
import runpy
import sys
from importlib import import_module

from app.cli.lean_imports import import_node, without_collections

__all__ = ["main"]


def main() -> None:
    """The command runs, as if it had been started when the last variable was known."""
    program = sys.argv[1]
    if program == "node":
        _run_node()
    else:
        _run_celery()


def _run_node() -> None:
    import_node()
    _import("app.cli.main", "app.cli.node")
    _take_environment()
    from app.cli.main import main as run  # noqa: PLC0415 - Celery's processes need none of it

    sys.argv = ["cutoff", *sys.argv[1:]]
    run()


def _run_celery() -> None:
    _import("celery.bin.celery", "worker", "kombu.transport.redis")
    if "beat" not in sys.argv:
        _import("celery.apps.worker", "celery.concurrency.prefork", "worker.tasks")
    _take_environment()
    sys.argv = sys.argv[1:]
    runpy.run_module("celery", run_name="__main__", alter_sys=True)


def _import(*modules: str) -> None:
    with without_collections():
        for module in modules:
            import_module(module)


def _take_environment() -> None:
    os.environ.update(json.load(sys.stdin))


if __name__ == "__main__":
    main()
