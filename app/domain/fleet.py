"""What an operator sees of the whole fleet at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.backlog import Backlog
from app.domain.ids import RevocationId
from app.domain.nodes import NodeRow
from app.domain.receipts import UnconfirmedNode

__all__ = ["CloseTime", "FleetView", "MinuteCount", "OpenReceipt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTime:
    """A revocation that closed sockets: how long after its first closure's row the last gate was shut, on any node."""

    revocation_id: RevocationId
    kind: str
    requested_at: datetime
    sockets: int
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteCount:
    """How many revocations were asked for in the minute that begins then, those by SQL and by the clock included."""

    minute: datetime
    revocations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReceipt:
    """A receipt that not every node has confirmed; `is_complete`: those that have not carry nothing for it any more."""

    revocation_id: RevocationId
    kind: str
    requested_at: datetime
    is_complete: bool
    nodes: tuple[UnconfirmedNode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetView:
    """The nodes, last started first; close times and minutes from the oldest on; open receipts, the newest first."""

    nodes: Sequence[NodeRow]
    backlog: Backlog
    close_times: Sequence[CloseTime]
    minutes: Sequence[MinuteCount]
    unconfirmed: Sequence[OpenReceipt]
