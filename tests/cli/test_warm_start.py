"""Processes that are started before they know where their servers are."""

import json
import subprocess
import sys

COMMAND = [sys.executable, "-m", "app.cli.fleet.warm_start"]


def told(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=json.dumps(variables),
        env={"CUTOFF_ENV": "development"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_node_takes_its_settings_from_what_it_is_told() -> None:
    ended = told({"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x", "CUTOFF_LEASE": "-1"}, "node")
    assert ended.returncode != 0
    assert "CUTOFF_LEASE" in ended.stderr


def test_celery_takes_its_settings_from_what_it_is_told() -> None:
    addresses = {"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://told.example"}
    ended = told(addresses, "celery", "-A", "worker", "report")
    assert "told.example" in ended.stdout, ended.stderr
