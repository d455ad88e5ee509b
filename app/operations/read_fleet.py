"""Shows the whole fleet to a Global Admin."""

from sqlalchemy import Connection

from app.data.backlog import read_backlog
from app.data.fleet import count_by_minute, find_close_times, find_unconfirmed
from app.data.nodes import find_nodes
from app.domain.caller import Caller
from app.domain.fleet import FleetView
from app.domain.paging import MAXIMUM_LIMIT, PageRequest
from app.domain.permissions import require_global_admin

__all__ = ["read_fleet"]

CLOSE_TIMES = 40
MINUTES = 30
UNCONFIRMED = 20


def read_fleet(db: Connection, *, caller: Caller) -> FleetView:
    """Up to 200 nodes, the last 40 revocations that closed sockets, half an hour of minutes, 20 unconfirmed receipts.

    Raises: Forbidden.
    """
    require_global_admin(caller)
    return FleetView(
        nodes=find_nodes(db, PageRequest(limit=MAXIMUM_LIMIT, cursor=None)).items,
        backlog=read_backlog(db),
        close_times=find_close_times(db, limit=CLOSE_TIMES),
        minutes=count_by_minute(db, minutes=MINUTES),
        unconfirmed=find_unconfirmed(db, limit=UNCONFIRMED),
    )
