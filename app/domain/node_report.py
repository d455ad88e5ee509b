"""What a node says of itself, and of the sockets that it closed, once a second and soon after it has applied closures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from app.domain.ids import NodeId, RevocationId

__all__ = ["NodeReport", "ReportAnswer", "RevocationOutcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationOutcome:
    """What has been added to a receipt since the last report that was stored; every number is an increment.

    `closing` rises when gates shut and falls again as the sockets end, so it may be negative here.
    `slowest_s` is the longest time from the closure's row to a shut gate, in seconds; None where none was measured.
    """

    revocation_id: RevocationId
    closing: int
    clean: int
    aborted: int
    already_gone: int
    slowest_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """The node's row. `snapshot` is how far the log is applied, rechecks included; None until it may admit.

    `number` rises with each set of outcomes; a set that may or may not have been stored is sent again under its own.
    """

    node_id: NodeId
    number: int
    name: str
    policy: str
    lease: timedelta
    system_identifier: str | None
    timeline: int | None
    snapshot: str | None
    is_current: bool
    is_subscribed: bool
    tail_age: timedelta | None
    doorbell_age: timedelta | None
    sockets: int
    pending: int
    outcomes: Sequence[RevocationOutcome]

    def no_further_than(self, earlier: Self) -> Self:
        """The same, as far as the earlier one was: what has been applied since has outcomes that are in neither."""
        return replace(
            self,
            system_identifier=earlier.system_identifier,
            timeline=earlier.timeline,
            snapshot=earlier.snapshot,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswer:
    """What the database says back: revocations that the node should perform, and how many nodes live, itself included."""

    overdue: tuple[RevocationId, ...]
    nodes: int
