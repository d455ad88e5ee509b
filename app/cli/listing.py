"""Lists and single things, for people as tables, for programs as a JSON object a line."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from rich import box
from rich.console import Console
from rich.table import Table

from app.domain.paging import MAXIMUM_LIMIT, Page, PageRequest

__all__ = ["console", "print_facts", "print_json", "print_table", "the_first"]

T = TypeVar("T")

WIDTH = 160
"""Of a table that nobody looks at in a terminal."""


def the_first(limit: int, fetch: Callable[[PageRequest], Page[T]]) -> tuple[Sequence[T], bool]:
    """Up to that many items, fetched a page at a time, and whether there are more."""
    items: list[T] = []
    cursor: str | None = None
    while len(items) < limit:
        page = fetch(PageRequest(limit=min(MAXIMUM_LIMIT, limit - len(items)), cursor=cursor))
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return items, cursor is not None


def console() -> Console:
    """Where people read: as wide as their terminal, or as tables are in a file."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def print_table(rows: Sequence[Mapping[str, Any]], *, empty: str, has_more: bool = False) -> None:
    """A line a row, under the first one's names; `empty` where there is none."""
    if not rows:
        console().print(empty)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name, value in rows[0].items():
        is_number = isinstance(value, int)
        table.add_column(
            name.replace("_", " "), justify="right" if is_number else "left", no_wrap=name == "id"
        )
    for row in rows:
        table.add_row(*(_shown(value) for value in row.values()))
    console().print(table)
    if has_more:
        print(f"These are the first {len(rows)}; there are more (--limit).", file=sys.stderr)


def print_facts(facts: Mapping[str, Any]) -> None:
    """A line a fact; those that are not so are left out."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts.items():
        if value is not None:
            table.add_row(name.replace("_", " "), _shown(value))
    console().print(table)


def print_json(things: Iterable[Mapping[str, Any]]) -> None:
    """A line of JSON each; instants as in RFC 3339."""
    for thing in things:
        print(json.dumps(thing, default=_as_text))


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else str(value)


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
