"""A node says that it holds no socket any more."""

from sqlalchemy import Connection

from app.data.nodes import mark_left
from app.domain.ids import NodeId

__all__ = ["leave_node"]


def leave_node(db: Connection, node_id: NodeId) -> None:
    """No receipt waits for that node. To be called when its last socket is gone; repeating it changes nothing."""
    mark_left(db, node_id)
