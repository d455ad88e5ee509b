"""Stores what a node tells of its open sockets."""

from sqlalchemy import Connection

from app.data.lock_waits import bound_lock_waits
from app.data.open_sockets import save_open_sockets
from app.domain.ids import NodeId
from app.domain.open_sockets import CensusPart
from app.operations.report_node import LOCK_WAIT

__all__ = ["report_open_sockets"]


def report_open_sockets(db: Connection, node_id: NodeId, part: CensusPart) -> bool:
    """The counts are stored; False if the node has no row, or has left. Repeating it changes nothing.

    A transaction of its own: however long it takes, the node's row and the receipts do not wait for it.
    Raises: Unavailable, after a fraction of a second at most where somebody else has a lock in the way.
    """
    bound_lock_waits(db, LOCK_WAIT)
    return save_open_sockets(db, node_id, part)
