"""Stores what a node says of itself and adds what it closed to the receipts."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.node_reports import add_outcomes, save_node
from app.domain.node_report import NodeReport, ReportAnswer
from app.operations.end_credentials import KNOWN_KINDS

__all__ = ["report_node"]

LOCK_WAIT = timedelta(seconds=0.3)
OVERDUE_AT_ONCE = 10
"""How many overdue revocations one node takes on for one report."""


def report_node(db: Connection, report: NodeReport, *, perform_within: timedelta) -> ReportAnswer:
    """The node's row says so as of now, and its outcomes are added to the receipts, complete ones included.

    Answers with at most ten revocations that have waited for longer than `perform_within`: the node should
    `perform` them. Outcomes are increments: those of a `number` that is stored already are not added again.

    Raises: Unavailable, after a fraction of a second at most where somebody else has a row's lock; then nothing was
    stored.
    """
    answer = save_node(
        db,
        report,
        lock_wait=LOCK_WAIT,
        perform_within=perform_within,
        kinds=KNOWN_KINDS,
        overdue_at_once=OVERDUE_AT_ONCE,
    )
    if report.outcomes:
        add_outcomes(db, report)
    return answer
