"""`cutoff nodes`: who holds sockets, who is silent, and who is gone for good."""

import json
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from rich import box
from rich.console import Console
from rich.table import Table

from app.cli.database import opened_database
from app.config import load_settings
from app.data.engine import Database
from app.domain.ids import NodeId
from app.domain.nodes import NodeRow
from app.operations.forget_node import forget_node
from app.operations.list_nodes import list_nodes

__all__ = ["forget_for_good", "print_nodes"]


WIDTH = 120
"""Of a table that nobody looks at in a terminal."""


def print_nodes(*, as_json: bool) -> None:
    """Every node with a row, a line each."""
    with opened_database(load_settings(), purpose="nodes") as database:
        rows = list(_all_nodes(database))
    if as_json:
        for row in rows:
            print(json.dumps(_as_json(row)))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(_table(rows) if rows else "No node has a row.")


def forget_for_good(node_id: UUID) -> None:
    """No receipt waits for that node any more. Raises: NotFound; Conflict if it is alive."""
    with opened_database(load_settings(), purpose="nodes forget") as database:
        database.transact(forget_node, NodeId(node_id))
    print(f"Forgotten: {node_id}.")


def _all_nodes(database: Database) -> Iterator[NodeRow]:
    page = database.transact(list_nodes)
    yield from page.items
    while page.next_cursor is not None:
        page = database.transact(list_nodes, cursor=page.next_cursor)
        yield from page.items


def _table(rows: list[NodeRow]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("name", "id", "state", "policy"):
        table.add_column(heading, no_wrap=True)
    for heading in ("sockets", "opening", "seen"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        seen = f"{row.silent_for.total_seconds():.1f} s ago"
        numbers = (str(row.sockets), str(row.pending), seen)
        table.add_row(row.name, str(row.node_id), row.state, row.policy, *numbers)
    return table


def _as_json(row: NodeRow) -> dict[str, Any]:
    return {
        "id": str(row.node_id),
        "name": row.name,
        "state": row.state,
        "policy": row.policy,
        "lease_s": row.lease.total_seconds(),
        "is_current": row.is_current,
        "is_subscribed": row.is_subscribed,
        "is_silent": row.is_silent,
        "sockets": row.sockets,
        "opening": row.pending,
        "silent_for_s": row.silent_for.total_seconds(),
        "left_at": row.left_at.isoformat() if row.left_at else None,
    }
