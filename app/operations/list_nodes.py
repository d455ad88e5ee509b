"""Lists the nodes, the silent ones included, and how far each has read."""

from sqlalchemy import Connection

from app.data.nodes import find_nodes
from app.domain.nodes import NodeRow
from app.domain.paging import DEFAULT_LIMIT, Page, PageRequest

__all__ = ["list_nodes"]


def list_nodes(db: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT) -> Page[NodeRow]:
    """The nodes, last started first; those that have left or are silent are among them until they are pruned.

    Raises: Invalid for a bad cursor or limit.
    """
    return find_nodes(db, PageRequest(limit=limit, cursor=cursor))
