"""Carries out together what waits in a crowd: commit, publish, audit, as for one."""

from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.clock import wall_clock
from app.data.engine import Database
from app.data.performing import Standing
from app.data.performing_together import end_waiting, finish_all
from app.domain.errors import CutoffError
from app.domain.ids import RevocationId
from app.fanout.publisher import Publisher
from app.logs.tracing import record_span
from app.operations.perform import AUDIT_FAILURES, PERFORMED
from app.operations.revocation_event import event_of

__all__ = ["TOGETHER", "perform_waiting"]

TOGETHER = 64
"""At most so many: they take about as long as four that are performed one by one, and the next task waits for them."""

_log = structlog.get_logger(__name__)


def perform_waiting(
    database: Database, publisher: Publisher, *, beside: RevocationId
) -> tuple[RevocationId, ...]:
    """Which revocations are finished now, of those that waited and were asked for at about the time of that one.

    They have ended in one transaction, were said in one go, and their events are in the trail. Each is one session's or
    token's; whatever somebody has locked is left to its own task, and nothing is waited for. Where the trail does not
    take their events, none is answered: their credentials have ended, and a sweep does the rest.

    Raises: Unavailable, or the database's own error, where nothing has ended or nobody knows whether it has.
    """
    began_at = wall_clock()
    standings = end_waiting(database, beside, at_most=TOGETHER)
    if not standings:
        return ()
    closures = [closure for standing in standings for closure in standing.announced.closures]
    system_identifier = standings[0].announced.system_identifier
    are_published = publisher.publish(closures, system_identifier=system_identifier)
    revocation_ids = tuple(standing.revocation.revocation_id for standing in standings)
    _log.info("revocations_performed", revocation_ids=list(map(str, revocation_ids)), closures=len(closures))
    is_audited = _finish(database, standings, are_published=are_published)
    _count(standings, began_at=began_at)
    return revocation_ids if is_audited else ()


def _finish(database: Database, standings: tuple[Standing, ...], *, are_published: bool) -> bool:
    events = [event for standing in standings if (event := event_of(standing.revocation)) is not None]
    try:
        finish_all(database, events, are_published=are_published)
    except (CutoffError, SQLAlchemyError) as error:
        AUDIT_FAILURES.inc(len(events))
        _log.error("audits_failed", events=len(events), error=type(error).__name__)
        return False
    return True


def _count(standings: tuple[Standing, ...], *, began_at: datetime) -> None:
    """Each is a span of its own request's trace, not of the task's beside which it was performed."""
    ended_at = wall_clock()
    for revocation in (standing.revocation for standing in standings):
        PERFORMED.labels(revocation.kind).inc()
        if revocation.traceparent is not None:
            record_span(
                "perform revocation",
                parent=revocation.traceparent,
                began_at=began_at,
                ended_at=ended_at,
                cutoff__revocation_id=str(revocation.revocation_id),
                cutoff__kind=revocation.kind,
                cutoff__together=len(standings),
            )
