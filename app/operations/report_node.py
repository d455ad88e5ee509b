"""Stores what a node says of itself and adds what it closed to the receipts."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.data.lock_waits import bound_lock_waits
from app.data.nodes import add_outcomes, claim_outcomes, save_node
from app.data.revocations import find_overdue
from app.domain.ids import RevocationId
from app.domain.node_report import NodeReport
from app.operations.end_credentials import KNOWN_KINDS

__all__ = ["report_node"]

LOCK_WAIT = timedelta(seconds=0.3)
OVERDUE_AT_ONCE = 10
"""How many overdue revocations one node takes on for one report."""


def report_node(db: Session, report: NodeReport, *, perform_within: timedelta) -> tuple[RevocationId, ...]:
    """The node's row says so as of now, and its outcomes are added to the receipts, complete ones included.

    Answers with at most ten revocations that have waited for longer than `perform_within`: the node should
    `perform` them. Outcomes are increments: those of a `number` that is stored already are not added again.

    Raises: Unavailable, after a fraction of a second at most where somebody else has a lock in the way; then nothing
    was stored.
    """
    bound_lock_waits(db, LOCK_WAIT)
    save_node(db, report)
    if report.outcomes and claim_outcomes(db, report.node_id, report.number):
        add_outcomes(db, report.node_id, report.name, report.outcomes)
    return find_overdue(db, perform_within=perform_within, kinds=KNOWN_KINDS, limit=OVERDUE_AT_ONCE)
