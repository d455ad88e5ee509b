"""Whether the fleet would look the same as before."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.fleet import latest_changes
from app.data.nodes import find_nodes
from app.domain.caller import Caller
from app.domain.paging import MAXIMUM_LIMIT, PageRequest
from app.domain.permissions import require_global_admin

__all__ = ["fleet_fingerprint"]

WORTH_TELLING = timedelta(seconds=5)
"""By how much an age has to grow before the page is made anew."""


def fleet_fingerprint(db: Connection, *, caller: Caller, argument: str) -> str:
    """A text that stays the same while nodes are as they were, and nothing is revoked, closed or settled.

    `argument` means nothing here. Raises: Forbidden.
    """
    require_global_admin(caller)
    nodes = find_nodes(db, PageRequest(limit=MAXIMUM_LIMIT, cursor=None)).items
    told = [
        (str(node.node_id), node.state, node.sockets, _roughly(node.tail_age), _roughly(node.doorbell_age))
        for node in nodes
    ]
    return f"{argument} {told} {latest_changes(db)}"


def _roughly(age: timedelta | None) -> int | None:
    return None if age is None else age // WORTH_TELLING
