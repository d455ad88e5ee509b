"""The command as a process, on the test's own database and Redis."""

import subprocess
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from app.config import Settings
from tests.cli.test_main import cutoff


@pytest.fixture
def command(settings: Settings, redis_url: str):
    def run_command(*words: str) -> subprocess.CompletedProcess[str]:
        return cutoff(
            *words,
            DATABASE_URL=settings.database_url,
            REDIS_URL=redis_url,
            CUTOFF_NAMESPACE=settings.namespace,
            CUTOFF_PERFORM_WITHIN="0.1",
        )

    return run_command


@pytest.fixture
def printed(settings: Settings, redis_url: str) -> Callable[..., tuple[str, str]]:
    """What a command that ends well prints, on stdout and on stderr; within the test's process, which is quicker."""
    environment = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": redis_url,
        "CUTOFF_NAMESPACE": settings.namespace,
        "CUTOFF_PERFORM_WITHIN": "0.1",
    }

    def run_command(*words: str) -> tuple[str, str]:
        ended = CliRunner().invoke(app, words, env=environment, catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
        return ended.stdout, ended.stderr

    return run_command
