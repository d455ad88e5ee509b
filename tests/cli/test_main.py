"""The command line: quick help, documented exit statuses, one sentence for what goes wrong."""

import os
import resource
import subprocess
import sys

import pytest

from app.cli.exit_status import ExitStatus
from app.cli.main import EPILOG
from app.cli.problems import problem_of
from app.config import SettingsError
from app.domain.errors import Conflict, Invalid, NotFound, Unavailable
from app.embedded import EmbeddedServersRefused

NOWHERE = {"DATABASE_URL": "postgresql://127.0.0.1:1/nowhere", "REDIS_URL": "redis://127.0.0.1:1"}
AN_ID = "01890000-0000-7000-8000-000000000000"


def cutoff(*words: str, typed: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CUTOFF_", "DATABASE_", "REDIS_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", *words],
        env={**inherited, "COLUMNS": "200", **environment},
        input=typed,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_takes_less_than_half_a_second_of_cpu():
    cutoff("--help")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert cutoff("--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime) < 0.5


def test_help_documents_every_exit_status():
    shown = " ".join(cutoff("--help").stdout.split())
    assert " ".join(EPILOG.split()) in shown
    for status in ExitStatus:
        assert f"{status.value} {status.meaning}" in shown


@pytest.mark.parametrize(
    "words",
    [
        ("node",),
        ("migrate",),
        ("nodes",),
        ("nodes", "forget", AN_ID),
        ("receipt", AN_ID),
        ("revoke", "session", AN_ID),
    ],
)
def test_a_missing_setting_is_one_sentence_that_names_it(words: tuple[str, ...]):
    ended = cutoff(*words)
    assert ended.returncode == ExitStatus.CANNOT
    assert ended.stderr.startswith("cutoff: DATABASE_URL")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", [("migrate",), ("nodes",), ("receipt", AN_ID), ("revoke", "session", AN_ID)]
)
def test_a_database_that_does_not_answer_is_one_sentence(words: tuple[str, ...]):
    ended = cutoff(*words, **NOWHERE)
    assert ended.returncode == ExitStatus.CANNOT
    assert ended.stderr == "cutoff: The database does not answer: is DATABASE_URL right?\n"


@pytest.mark.parametrize("command", ["demo", "up"])
def test_demo_and_up_refuse_production(command: str):
    ended = cutoff(command, CUTOFF_ENV="production", **NOWHERE)
    assert ended.returncode == ExitStatus.CANNOT
    assert ended.stderr.splitlines()[-1].startswith("cutoff: CUTOFF_ENV is production")


@pytest.mark.parametrize(
    "words", [("receipt", "no-id"), ("nodes", "forget", "x"), ("demo", "--nodes", "1"), ("dmeo",)]
)
def test_wrong_usage_has_the_status_for_it(words: tuple[str, ...]):
    assert cutoff(*words).returncode == ExitStatus.CANNOT


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("revocation"), ExitStatus.NOT_SO),
        (Conflict("node_is_alive"), ExitStatus.NOT_SO),
        (Invalid("kind", "unknown"), ExitStatus.CANNOT),
        (Unavailable("database"), ExitStatus.CANNOT),
        (SettingsError("CUTOFF_LEASE: too long."), ExitStatus.CANNOT),
        (EmbeddedServersRefused("No PostgreSQL here."), ExitStatus.CANNOT),
    ],
)
def test_what_is_raised_on_purpose_becomes_a_sentence(error: Exception, status: ExitStatus):
    problem = problem_of(error)
    assert problem is not None
    assert problem.status is status
    assert problem.sentence.endswith((".", "?"))


def test_a_bug_is_no_sentence():
    assert problem_of(KeyError("x")) is None
