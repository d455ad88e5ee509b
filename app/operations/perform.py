"""Carries a revocation out: commit, publish, audit. The one operation that spans transactions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.data.audit import AuditEvent, record_audit_event
from app.data.engine import Database
from app.data.lock_waits import bound_statements, waited_too_long
from app.data.revocation_requests import mark_transaction
from app.data.revocations import (
    Announced,
    Revocation,
    closures_of,
    find_revocation,
    lock_unperformed,
    record_audited,
    record_performed,
    record_published,
)
from app.domain.errors import CutoffError, Unavailable
from app.domain.ids import RevocationId, TransactionId
from app.fanout.publisher import Publisher
from app.logs.tracing import span
from app.operations.end_credentials import KNOWN_KINDS, end_credentials
from app.operations.revocation_event import event_of

__all__ = ["Performed", "perform"]

SWEEP_TIMEOUT = timedelta(seconds=60)
"""How long one statement may take that ends everything of one account; 100,000 sessions take a few seconds."""

PERFORMED = Counter(
    "cutoff_revocations_performed_total", "Revocations carried out by this process.", ["kind"]
)
AUDIT_FAILURES = Counter(
    "cutoff_audit_failures_total", "Audit events that could not be written; sweeps try again."
)
UNKNOWN_KINDS = Counter(
    "cutoff_revocations_unknown_total", "Revocations of a kind that this version does not know."
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """How far the revocation is now. `has_ended_now`: this call ended the credentials, not an earlier one."""

    has_ended_now: bool
    is_published: bool
    is_audited: bool


def perform(database: Database, publisher: Publisher, revocation_id: RevocationId) -> Performed | None:
    """The credentials have ended, it has been said on the bus, and the trail has its one success event.

    Each stage is resumed where an earlier performer left it, so it may be called any number of times, also at
    once; a finished revocation is left as it is. None: there is no such revocation, or another performer or
    somebody with a row lock did not let go within the lock time-out (the sweep takes it up again). What cannot
    be published or audited does not undo the end.

    Raises: Unavailable while the database is away.
    """
    revocation, announced = database.transact(_stand, revocation_id)
    if revocation is None or revocation.audited_at is not None:
        return None if revocation is None else _as_it_stands(revocation)
    with span(
        "perform revocation",
        parent=revocation.traceparent,
        cutoff__revocation_id=str(revocation_id),
        cutoff__kind=revocation.kind,
    ):
        return _go_on(database, publisher, revocation, announced)


def _go_on(
    database: Database, publisher: Publisher, revocation: Revocation, announced: Announced
) -> Performed | None:
    revocation_id = revocation.revocation_id
    if revocation.performed_at is not None:
        is_published = revocation.published_at is not None or _publish(
            database, publisher, revocation_id, announced
        )
        return _audit(database, revocation_id, has_ended_now=False, is_published=is_published)
    if revocation.kind not in KNOWN_KINDS:
        UNKNOWN_KINDS.inc()
        _log.warning("revocation_unknown", revocation_id=str(revocation_id), kind=revocation.kind)
        return None
    return _end_and_tell(database, publisher, revocation, stamped=announced)


def _stand(db: Session, revocation_id: RevocationId) -> tuple[Revocation | None, Announced]:
    return find_revocation(db, revocation_id), closures_of(db, revocation_id)


def _as_it_stands(revocation: Revocation) -> Performed:
    """Finished, or in the hands of the performer who came first: what that one leaves undone, a sweep takes up."""
    return Performed(
        has_ended_now=False,
        is_published=revocation.published_at is not None,
        is_audited=revocation.audited_at is not None,
    )


def _end_and_tell(
    database: Database, publisher: Publisher, revocation: Revocation, *, stamped: Announced
) -> Performed | None:
    """What the request's stamp has committed already is said before the rows are swept."""
    revocation_id = revocation.revocation_id
    is_stamp_published = _say(publisher, stamped, unless_of=())
    try:
        with span("end credentials"):
            ended = database.transact(_end, revocation_id)
    except Unavailable as unavailable:
        if not waited_too_long(unavailable):
            raise
        _log.warning("revocation_given_back", revocation_id=str(revocation_id))
        return None
    if ended is None:
        overtaken = database.transact(find_revocation, revocation_id)
        return None if overtaken is None else _as_it_stands(overtaken)
    PERFORMED.labels(revocation.kind).inc()
    _log.info(
        "revocation_performed",
        revocation_id=str(revocation_id),
        kind=revocation.kind,
        closures=len(ended.closures),
    )
    said = {closure.cause.transaction for closure in stamped.closures}
    is_published = _say(publisher, ended, unless_of=said) and is_stamp_published
    if is_published:
        database.transact(record_published, revocation_id)
    return _audit(database, revocation_id, has_ended_now=True, is_published=is_published)


def _end(db: Session, revocation_id: RevocationId) -> Announced | None:
    """The one transaction that ends everything; None if another performer came first."""
    revocation = lock_unperformed(db, revocation_id)
    if revocation is None:
        return None
    bound_statements(db, SWEEP_TIMEOUT)
    mark_transaction(db, revocation_id)
    record_performed(db, revocation_id, end_credentials(db, revocation))
    return closures_of(db, revocation_id)


def _publish(
    database: Database, publisher: Publisher, revocation_id: RevocationId, announced: Announced
) -> bool:
    is_published = _say(publisher, announced, unless_of=())
    if is_published:
        database.transact(record_published, revocation_id)
    return is_published


def _say(publisher: Publisher, announced: Announced, *, unless_of: Iterable[TransactionId | None]) -> bool:
    closures = [closure for closure in announced.closures if closure.cause.transaction not in unless_of]
    if not closures:
        return True
    with span("publish", kind="producer", cutoff__closures=len(closures)) as publishing:
        is_taken = publisher.publish(closures, system_identifier=announced.system_identifier)
        publishing.note(cutoff__is_taken=is_taken)
    return is_taken


def _audit(
    database: Database, revocation_id: RevocationId, *, has_ended_now: bool, is_published: bool
) -> Performed:
    """The event is in the trail; or it is not, which is logged and counted, and undoes nothing."""
    try:
        database.transact(_record_event, revocation_id)
        is_audited = True
    except (CutoffError, SQLAlchemyError) as error:
        AUDIT_FAILURES.inc()
        _log.error("audit_failed", revocation_id=str(revocation_id), error=type(error).__name__)
        is_audited = False
    return Performed(has_ended_now=has_ended_now, is_published=is_published, is_audited=is_audited)


def _record_event(db: Session, revocation_id: RevocationId) -> None:
    """What ended nothing, because it was over already, tells nothing."""
    revocation = find_revocation(db, revocation_id)
    event: AuditEvent | None = None if revocation is None else event_of(revocation)
    if event is not None:
        record_audit_event(db, event)
    record_audited(db, revocation_id)
