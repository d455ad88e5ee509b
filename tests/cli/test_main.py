"""The command line: quick help, documented exit statuses, one sentence for what goes wrong."""

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from app.cli.commands.options import EPILOG
from app.cli.exit_status import ExitStatus
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


def distributions_loaded_by(*words: str) -> set[str]:
    """Whose modules that command loads."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "app.cli.main", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stderr
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.splitlines()}
    owners = packages_distributions()
    return {owner.lower() for module in modules for owner in owners.get(module, [])}


def test_help_is_quick_whatever_the_commands_need():
    """Less than 0.3 s where nothing else runs: of all that we require, it loads only what draws it."""
    required = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in requires("cutoff") or ()}
    assert {"sqlalchemy", "psycopg"} <= required
    assert required & distributions_loaded_by("--help") == {"typer", "rich"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_what_can_be_revoked(shell: str):
    script = cutoff_itself(_CUTOFF_COMPLETE=f"source_{shell}")
    assert (script.returncode, "_CUTOFF_COMPLETE" in script.stdout) == (0, True)
    completed = cutoff_itself(_CUTOFF_COMPLETE="complete_bash", COMP_WORDS="cutoff re", COMP_CWORD="1")
    assert completed.stdout.split() == ["receipt", "revoke"]
    kinds = cutoff_itself(
        _CUTOFF_COMPLETE="complete_bash", COMP_WORDS="cutoff revoke account", COMP_CWORD="2"
    )
    assert kinds.stdout.split() == ["account-sessions", "account-tokens"]


def cutoff_itself(**environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command: completion goes by its name."""
    command = Path(sys.executable).with_name("cutoff")
    return subprocess.run(
        [command], env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=False
    )


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
        ("sessions", "list"),
        ("tokens", "show", AN_ID),
        ("audit",),
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
    "words",
    [
        ("receipt", "no-id"),
        ("nodes", "forget", "x"),
        ("demo", "--nodes", "1"),
        ("dmeo",),
        ("revoke", "everything", AN_ID),
        ("sessions", "show", "x"),
        ("sessions", "list", "--limit", "0"),
    ],
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
