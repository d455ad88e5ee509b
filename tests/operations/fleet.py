"""Nodes as rows: reports made by hand, with the snapshot that the database has now or had then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from uuid_utils.compat import uuid7

from app.config import StalePolicy
from app.domain.ids import NodeId, RevocationId
from app.domain.node_report import NodeReport, ReportAnswer, RevocationOutcome
from app.operations.report_node import report_node
from tests.operations.performing import Facts

PERFORM_WITHIN = timedelta(seconds=2)
TIMELINE = (
    "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint AS timeline"
)


_numbers = count(1)


@dataclass
class ReportingNode:
    facts: Facts
    name: str
    lease: timedelta = timedelta(minutes=1)
    policy: StalePolicy = StalePolicy.HOLD
    node_id: NodeId = field(default_factory=lambda: NodeId(uuid7()))

    def snapshot(self) -> str:
        text: str = self.facts.value("SELECT pg_current_snapshot()::text")
        return text

    def report(self, *outcomes: RevocationOutcome, **said: Any) -> tuple[RevocationId, ...]:
        """What a node says once a second, and the revocations that it is to perform; `said` is as for `answer`."""
        return self.answer(*outcomes, **said).overdue

    def answer(
        self,
        *outcomes: RevocationOutcome,
        snapshot: str | None = "now",
        system_identifier: str | None = None,
        timeline: int | None = None,
        perform_within: timedelta = PERFORM_WITHIN,
        number: int | None = None,
    ) -> ReportAnswer:
        """The answer to a report; by default the node has applied everything up to now."""
        system: str = self.facts.value("SELECT system_identifier::text FROM pg_control_system()")
        report = NodeReport(
            node_id=self.node_id,
            number=next(_numbers) if number is None else number,
            name=self.name,
            policy=self.policy,
            lease=self.lease,
            system_identifier=None if snapshot is None else system_identifier or system,
            timeline=None if snapshot is None else timeline or self.facts.value(TIMELINE),
            snapshot=self.snapshot() if snapshot == "now" else snapshot,
            is_current=True,
            is_subscribed=True,
            tail_age=timedelta(milliseconds=300),
            doorbell_age=None,
            sockets=1,
            pending=0,
            outcomes=outcomes,
        )
        with self.facts.database.session() as db:
            return report_node(db, report, perform_within=perform_within)


def outcome(
    revocation_id: RevocationId,
    *,
    closing: int = 0,
    clean: int = 0,
    aborted: int = 0,
    already_gone: int = 0,
    slowest_s: float | None = None,
) -> RevocationOutcome:
    return RevocationOutcome(
        revocation_id=revocation_id,
        closing=closing,
        clean=clean,
        aborted=aborted,
        already_gone=already_gone,
        slowest_s=slowest_s,
    )


def names(unconfirmed: Sequence[object]) -> list[str]:
    return [getattr(node, "name") for node in unconfirmed]  # noqa: B009 - of several classes
