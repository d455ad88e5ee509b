"""Removes what nobody needs any more: old closures, and the rows of dead nodes."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from app.data.nodes import delete_dead_nodes
from app.data.pruning import delete_old_closures
from app.operations.settle_receipts import settle_receipts

__all__ = ["Pruned", "prune"]

BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went."""

    closures: int
    nodes: int

    def __bool__(self) -> bool:
        return bool(self.closures or self.nodes)


def prune(db: Connection, *, log_kept: timedelta) -> Pruned:
    """A batch of closures that are older, and that every node which may hold sockets has passed, is gone.

    So are rows of nodes not heard of for long, but not those under `serve`, which only an operator forgets. Receipts,
    refresh tokens and audit events stay. To be repeated until there is nothing left to go.
    """
    settle_receipts(db)  # while the dead can still be named in them
    nodes = delete_dead_nodes(db)
    return Pruned(closures=delete_old_closures(db, kept=log_kept, limit=BATCH), nodes=nodes)
