"""The fenced blocks of a page, and what the page says to whoever runs them.

A comment in the line before a fence is such a word:

    <!-- not run: REASON -->     the block is left out, visibly, and counted
    <!-- runs on: TEXT -->       the block is started, and has started when it has printed TEXT; the page's end stops it
    <!-- printed by: LINE -->    the block is what that has printed in the meantime, LINE being its command

and anywhere, `<!-- beside it runs: COMMAND -->`: what the reader is taken to have started.
"""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "beside", "blocks_of", "code_of"]

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    sorted(str(page.relative_to(ROOT)) for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
)

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?$")
BESIDE = re.compile(r"^<!-- beside it runs: (.+) -->$", re.MULTILINE)
WORD = re.compile(r"^ *<!-- (?P<kind>not run|runs on|printed by): (?P<what>.+) -->$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block. `title` is the name of the file that it shows; `not_run` is why it is left out."""

    page: str
    line: int
    language: str
    title: str | None
    text: str
    not_run: str | None = None
    runs_on: str | None = None
    printed_by: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: str, text: str | None = None) -> list[Block]:
    """The blocks in the order of the page."""
    lines = (text if text is not None else (ROOT / page).read_text()).splitlines()
    found: list[Block] = []
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        if opening is None:
            number += 1
            continue
        end = lines.index(f"{opening['indent']}```", number + 1)
        word = WORD.match(lines[number - 1]) if number else None
        inside = [line.removeprefix(opening["indent"]) for line in lines[number + 1 : end]]
        found.append(_block(page, number + 1, opening, word, "\n".join(inside) + "\n"))
        number = end + 1
    return found


def beside(page: str) -> str | None:
    """The command that the reader of the page is taken to have started."""
    found = BESIDE.search((ROOT / page).read_text())
    return found[1] if found else None


def code_of(page: str) -> list[str]:
    """All that the page sets as code, blocks line by line and spans, without the comments at the ends of lines."""
    text = (ROOT / page).read_text()
    in_blocks = [line for block in blocks_of(page) for line in block.text.replace("\\\n", " ").splitlines()]
    without = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [*in_blocks, *re.findall(r"`([^`\n]+)`", without)]


def _block(page: str, line: int, opening: re.Match[str], word: re.Match[str] | None, text: str) -> Block:
    kind, what = (word["kind"], word["what"]) if word else (None, None)
    return Block(
        page=page,
        line=line,
        language=opening["language"],
        title=opening["title"],
        text=text,
        not_run=what if kind == "not run" else None,
        runs_on=what if kind == "runs on" else None,
        printed_by=what if kind == "printed by" else None,
    )
