"""A node as its row in the database shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.ids import NodeId

__all__ = ["NodeRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """What a node last said of itself, and how long ago (`silent_for`), on the database's clock.

    `is_silent`: not heard of for longer than its lease. `has_admitted`: it may hold sockets, so receipts wait for it.
    `is_behind`: the log has closures that it has not applied. `is_on_this_cluster` is false while what it last
    applied is of another system identifier or timeline (a failover, a restore).
    """

    node_id: NodeId
    name: str
    started_at: datetime
    seen_at: datetime
    left_at: datetime | None
    silent_for: timedelta
    is_silent: bool
    policy: str
    lease: timedelta
    is_current: bool
    is_subscribed: bool
    has_admitted: bool
    is_behind: bool
    is_on_this_cluster: bool
    tail_age: timedelta | None
    doorbell_age: timedelta | None
    sockets: int
    pending: int

    @property
    def state(self) -> str:
        """The first that applies, for a person: left, silent, other cluster, not current, deaf; else current."""
        states = {
            "left": self.left_at is not None,
            "silent": self.is_silent,
            "other cluster": not self.is_on_this_cluster,
            "not current": not self.is_current,
            "deaf": not self.is_subscribed,
        }
        return next((state for state, applies in states.items() if applies), "current")
