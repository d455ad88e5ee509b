"""What a node reports of itself: how it stands, and up to where its sockets have been settled."""

from collections.abc import Sequence
from datetime import timedelta

from app.domain.ids import NodeId
from app.domain.node_report import NodeReport, RevocationOutcome
from app.realtime.standing import Standing
from app.sockets.currency import Position

__all__ = ["NodeDescription"]


class NodeDescription:
    """One a node. While a read is owed, the position before it is reported: receipts wait for what it may close."""

    def __init__(self, standing: Standing, *, node_id: NodeId, name: str, lease: timedelta) -> None:
        self._standing = standing
        self._node_id = node_id
        self._name = name
        self._lease = lease
        self._last_settled: Position | None = None

    def report(self, number: int, outcomes: Sequence[RevocationOutcome]) -> NodeReport:
        """The report of that number, with these outcomes, as of now."""
        standing, registry = self._standing, self._standing.holder.registry
        settled = self._settled()
        return NodeReport(
            node_id=self._node_id,
            number=number,
            name=self._name,
            policy=standing.policy,
            lease=self._lease,
            system_identifier=None if settled is None else settled.system_identifier,
            timeline=None if settled is None else settled.timeline,
            snapshot=None if settled is None else str(settled.snapshot),
            is_current=standing.is_current,
            is_subscribed=standing.is_subscribed,
            tail_age=standing.tail_age,
            doorbell_age=standing.doorbell_age,
            sockets=len(registry) - registry.pending_count,
            pending=registry.pending_count,
            outcomes=outcomes,
        )

    def _settled(self) -> Position | None:
        holder = self._standing.holder
        settled = holder.currency.settled(owed_since=holder.registry.owed_since)
        if settled is not None:
            self._last_settled = settled
        return self._last_settled
