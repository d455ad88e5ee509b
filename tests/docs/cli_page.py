"""`docs/cli.md`, made from the commands themselves: `python -m tests.docs.cli_page` writes it anew."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from app.cli.exit_status import ExitStatus
from app.cli.main import app
from tests.docs.blocks import ROOT

__all__ = ["PAGE", "made"]

PAGE = ROOT / "docs" / "cli.md"
HEAD = """# The `cutoff` command

Made from the commands by `python -m tests.docs.cli_page`; a test says when it is not what they say. Each command answers
`--help`, takes its settings from the environment ([settings.md](settings.md)), and ends with one of these statuses:

| status | means |
|---|---|
{statuses}

What goes wrong is one sentence on stderr. With `--json`, stdout holds JSON only, an object a line. `cutoff --install-completion`
makes your shell complete commands and options.

"""


def made() -> str:
    """The page."""
    statuses = "\n".join(f"| {status.value} | {status.meaning} |" for status in ExitStatus)
    root: Any = typer.main.get_command(app)
    return HEAD.format(statuses=statuses) + "\n".join(_all(root, "cutoff"))


def _all(command: Any, name: str) -> Iterator[str]:
    if name != "cutoff" and (not hasattr(command, "commands") or command.invoke_without_command):
        yield _section(command, name)
    for each, following in sorted(getattr(command, "commands", {}).items()):
        if not following.hidden:
            yield from _all(following, f"{name} {each}")


def _section(command: Any, name: str) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and _is_ours(each)]
    usage = " ".join([name, *(each.name.upper() for each in arguments)])
    rows = [f"| `{each.name.upper()}` | {_text(each.help)} |" for each in arguments]
    rows += [f"| `{_spelt(each)}` | {_text(each.help)}{_default(each)} |" for each in options]
    table = "\n".join(["| | |", "|---|---|", *rows, ""]) if rows else ""
    return f"## `{usage}`\n\n{_text(_summary(command))}\n" + (f"\n{table}" if table else "")


def _summary(command: Any) -> str:
    """What the command says of itself; a group that runs by itself says it in its callback."""
    return str((command.callback and command.callback.__doc__) or command.help)


def _is_ours(option: Any) -> bool:
    return not option.hidden and not {"--install-completion", "--show-completion", "--help"} & set(
        option.opts
    )


def _spelt(option: Any) -> str:
    """As it is typed, with what it takes."""
    words = ", ".join([*option.opts, *option.secondary_opts])
    return words if option.is_flag else f"{words} {option.name.upper()}"


def _default(option: Any) -> str:
    has_none = option.is_flag or option.default in (None, (), "") or callable(option.default)
    return "" if has_none else f" (default: `{option.default}`)"


def _text(words: str | None) -> str:
    """One line, that a table can hold."""
    return re.sub(r"\s+", " ", words or "").strip().replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(made())
