"""An operator says that a node is gone for good: the only way past one that died under policy `serve`."""

from sqlalchemy import Connection

from app.data.nodes import delete_node, is_alive
from app.data.receipts import settle
from app.domain.errors import Conflict, NotFound
from app.domain.ids import NodeId

__all__ = ["forget_node"]

ALL_WAITING = 1_000_000
"""Each receipt that waits for the node gets its name first."""


def forget_node(db: Connection, node_id: NodeId) -> None:
    """No receipt waits for that node; those that it had not confirmed go on listing it as unconfirmed.

    Raises: NotFound; Conflict("node_is_alive") if it was heard of within its lease.
    """
    match is_alive(db, node_id):
        case None:
            raise NotFound("node")
        case True:
            raise Conflict("node_is_alive")
        case False:
            settle(db, revocation_id=None, limit=ALL_WAITING)
            delete_node(db, node_id)
