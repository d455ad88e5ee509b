"""Every variable, command and option that a page names exists."""

import re
from typing import Any

import pytest
import typer

from app.cli.main import app
from app.config import Settings
from app.embedded.binaries import POSTGRES_VARIABLE, REDIS_VARIABLE
from tests.docs.blocks import PAGES, ROOT, code_of

VARIABLE = re.compile(r"\b(?:CUTOFF_[A-Z_]*[A-Z]|DATABASE_URL|REDIS_URL|CELERY_BROKER_URL)\b")
ELSEWHERE = {POSTGRES_VARIABLE, REDIS_VARIABLE, "CUTOFF_PUBLIC_PORT", "CUTOFF_BROWSER"}
"""Read by the embedded servers, the compose file and the browser tests."""
COMMAND = re.compile(r"(?:^|[ /(\"'=])cutoff ((?:[a-z][a-z-]*|-).*)")
END_OF_COMMAND = re.compile(r"[|;&#>)]|$")


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_exists(page: str):
    known = {
        str(field.validation_alias or f"CUTOFF_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    assert set(VARIABLE.findall((ROOT / page).read_text())) - known - ELSEWHERE == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_exists(page: str):
    wrong = [complaint for line in code_of(page) if (complaint := complaint_about(line))]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("cutoff nodes forget ID", None),
        ("sudo /opt/bin/cutoff node --port 8000 # --nothing", None),
        ("cutoff node --prot 8000", "cutoff node: --prot"),
        ("cutoff nodules", "cutoff nodules"),
        ("application_name = 'cutoff node'", None),
    ],
)
def test_a_wrong_word_is_noticed(line: str, complaint: str | None):
    assert complaint_about(line) == complaint


def complaint_about(line: str) -> str | None:
    """What is wrong with the `cutoff` command in a line of code, if there is one."""
    found = COMMAND.search(line)
    if found is None:
        return None
    words = found[1][: END_OF_COMMAND.search(found[1]).start()].split()  # type: ignore[union-attr]
    command: Any = typer.main.get_command(app)
    named = ["cutoff"]
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        following = command.commands.get(words[0].strip("'\"`,."))
        if following is None:
            return None if command.invoke_without_command else " ".join([*named, words[0]])
        named.append(words.pop(0))
        command = following
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    wrong = [word.split("=")[0] for word in words if word.startswith("--")]
    unknown = [word for word in wrong if word.rstrip("`'\",.") not in known]
    return f"{' '.join(named)}: {' '.join(unknown)}" if unknown else None
