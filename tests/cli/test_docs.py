"""The documents say what the code says."""

import json
import re
from datetime import timedelta
from enum import Enum
from pathlib import Path

from pydantic_core import PydanticUndefined

from app.config import Settings
from app.domain.closing import Reason, closing_for_reason
from app.domain.credentials import CredentialType
from app.embedded.binaries import POSTGRES_VARIABLE, REDIS_VARIABLE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text()
# What a default is in the page where it is no plain value.
SPOKEN = {
    "DATABASE_URL": "required",
    "REDIS_URL": "required",
    "CELERY_BROKER_URL": "`REDIS_URL`",
    "CUTOFF_NODE_NAME": "host and process",
    POSTGRES_VARIABLE: "the wheel's",
    REDIS_VARIABLE: "the wheel's",
}


def _variables() -> dict[str, object]:
    return {
        str(field.validation_alias or f"CUTOFF_{name.upper()}"): field.default
        for name, field in Settings.model_fields.items()
    }


def _as_written(variable: str, default: object) -> str:
    if variable in SPOKEN:
        return SPOKEN[variable]
    assert default is not PydanticUndefined
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, timedelta):
        return f"{default.total_seconds():.1f}".removesuffix(".0")
    if isinstance(default, str):
        return f"`{default.value if isinstance(default, Enum) else default}`"
    return str(default) if isinstance(default, int) else "none"


def _rows(document: str) -> list[list[str]]:
    lines = (DOCS / document).read_text().splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|") and not line.startswith("|---")
    ]


def test_every_setting_is_documented_with_its_default():
    documented = {row[0].strip("`"): row[1] for row in _rows("settings.md") if row[0].startswith("`")}
    expected = {name: _as_written(name, default) for name, default in _variables().items()}
    expected |= {name: SPOKEN[name] for name in (POSTGRES_VARIABLE, REDIS_VARIABLE)}
    assert documented == expected


def test_every_reason_is_documented_with_its_close_code():
    """B189."""
    documented = {row[0].strip("`"): row[1] for row in _rows("close-codes.md") if row[0].startswith("`")}
    assert set(documented) == set(Reason)
    for reason in set(Reason) - {Reason.UNAUTHENTICATED}:
        closing = closing_for_reason(reason, CredentialType.SESSION)
        assert documented[reason] == str(closing.code.value)


def test_every_make_target_that_the_readme_names_exists():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(_code(README))))
    assert {"demo", "test"} <= named <= targets


def test_the_example_of_a_closing_message_is_one():
    blocks = re.findall(r"```json\n(.*?)```", (DOCS / "close-codes.md").read_text(), re.DOTALL)
    message = json.loads(blocks[0])
    closing = closing_for_reason(Reason(message["reason"]), CredentialType.SESSION)
    assert (closing.code.value, closing.retry) == (message["code"], message["retry"])


def _code(text: str) -> list[str]:
    return re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)
