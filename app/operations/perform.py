"""Carries a revocation out: commit, publish, audit. The one operation that spans transactions."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog
from prometheus_client import Counter
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.data.engine import Database
from app.data.lock_waits import bound_statements, waited_too_long
from app.data.performing import Standing, Stood, end_or_look, finish
from app.data.revocations import (
    Announced,
    Revocation,
    closures_of,
    find_revocation,
    find_trace,
    lock_unperformed,
    mark_transaction,
    record_performed,
    record_published,
)
from app.domain.errors import CutoffError, Unavailable
from app.domain.ids import RevocationId, TransactionId
from app.fanout.announcer import say
from app.fanout.publisher import Publisher
from app.logs.tracing import is_tracing, span, traceparent
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
    """How far the revocation is now. `has_ended_now`: this call ended the credentials, not an earlier one.

    `others_wait`: when it was finished, others waited that were asked for at about the same time.
    """

    has_ended_now: bool
    is_published: bool
    is_audited: bool
    others_wait: bool = field(default=False, compare=False)


def perform(database: Database, publisher: Publisher, revocation_id: RevocationId) -> Performed | None:
    """The credentials have ended, it has been said on the bus, and the trail has its one success event.

    What aims at one session or token takes one round trip to PostgreSQL before it is said, and one after it. Each
    stage is resumed where an earlier performer left it, so it may be called any number of times, also at once; a
    finished revocation is left as it is. None: there is no such revocation, or another performer or somebody with a
    row lock did not let go within the lock time-out (the sweep takes it up again). What cannot be published or
    audited does not undo the end.

    Raises: Unavailable while the database is away.
    """
    with span(
        "perform revocation",
        parent=_parent_of(database, revocation_id),
        cutoff__revocation_id=str(revocation_id),
    ) as performing:
        try:
            with span("end credentials"):
                standing = end_or_look(database, revocation_id)
            if standing is None:
                return None
            performing.note(cutoff__kind=standing.revocation.kind)
            return _go_on(database, publisher, standing)
        except Unavailable as unavailable:
            if not waited_too_long(unavailable):
                raise
            _log.warning("revocation_given_back", revocation_id=str(revocation_id))
            return None


def _parent_of(database: Database, revocation_id: RevocationId) -> str | None:
    """Whose trace this is, where no task brought it along; a round trip that only those pay who trace."""
    return database.transact(find_trace, revocation_id) if is_tracing() and traceparent() is None else None


def _go_on(database: Database, publisher: Publisher, standing: Standing) -> Performed | None:
    revocation, announced = standing.revocation, standing.announced
    match standing.stood:
        case Stood.FINISHED | Stood.OVERTAKEN:
            return _as_it_stands(revocation)
        case Stood.PERFORMED:
            is_published = revocation.published_at is not None or _say(publisher, announced)
            return _finish(database, revocation, has_ended_now=False, is_published=is_published)
        case Stood.ENDED:
            return _tell(database, publisher, revocation, announced)
        case Stood.WAITING if revocation.kind in KNOWN_KINDS:
            return _end_and_tell(database, publisher, revocation, stamped=announced)
        case Stood.WAITING:
            UNKNOWN_KINDS.inc()
            _log.warning(
                "revocation_unknown", revocation_id=str(revocation.revocation_id), kind=revocation.kind
            )
            return None


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
    is_stamp_published = _say(publisher, stamped)
    with span("sweep credentials"):
        swept = database.transact(_end, revocation.revocation_id)
    if swept is None:
        overtaken = database.transact(find_revocation, revocation.revocation_id)
        return None if overtaken is None else _as_it_stands(overtaken)
    performed, ended = swept
    return _tell(
        database,
        publisher,
        performed,
        ended,
        unless_of={closure.cause.transaction for closure in stamped.closures},
        is_stamp_published=is_stamp_published,
    )


def _end(db: Connection, revocation_id: RevocationId) -> tuple[Revocation, Announced] | None:
    """The one transaction that ends everything; None if another performer came first."""
    revocation = lock_unperformed(db, revocation_id)
    if revocation is None:
        return None
    bound_statements(db, SWEEP_TIMEOUT)
    mark_transaction(db, revocation_id)
    performed = record_performed(db, revocation_id, end_credentials(db, revocation))
    assert performed is not None, "it was locked, and not performed"
    return performed, closures_of(db, revocation_id)


def _tell(
    database: Database,
    publisher: Publisher,
    revocation: Revocation,
    ended: Announced,
    *,
    unless_of: Collection[TransactionId | None] = (),
    is_stamp_published: bool = True,
) -> Performed:
    """It is performed now: said, as far as it is not of a transaction that was said before, and noted."""
    is_published = _say(publisher, ended, unless_of=unless_of) and is_stamp_published
    PERFORMED.labels(revocation.kind).inc()
    _log.info(
        "revocation_performed",
        revocation_id=str(revocation.revocation_id),
        kind=revocation.kind,
        closures=len(ended.closures),
    )
    return _finish(database, revocation, has_ended_now=True, is_published=is_published)


def _finish(
    database: Database, revocation: Revocation, *, has_ended_now: bool, is_published: bool
) -> Performed:
    """The event is in the trail; or it is not, which is logged and counted, and undoes nothing."""
    is_audited = others_wait = False
    try:
        others_wait = finish(
            database, revocation.revocation_id, is_published=is_published, event=event_of(revocation)
        )
        is_audited = True
    except (CutoffError, SQLAlchemyError) as error:
        AUDIT_FAILURES.inc()
        _log.error("audit_failed", revocation_id=str(revocation.revocation_id), error=type(error).__name__)
        if is_published:
            _note_published(database, revocation.revocation_id)
    return Performed(
        has_ended_now=has_ended_now,
        is_published=is_published,
        is_audited=is_audited,
        others_wait=others_wait,
    )


def _note_published(database: Database, revocation_id: RevocationId) -> None:
    """Without its event; where that fails too, it is published once more by the sweep that takes it up."""
    with suppress(CutoffError, SQLAlchemyError):
        database.transact(record_published, revocation_id)


def _say(
    publisher: Publisher, announced: Announced, *, unless_of: Collection[TransactionId | None] = ()
) -> bool:
    closures = tuple(closure for closure in announced.closures if closure.cause.transaction not in unless_of)
    return not closures or say(publisher, replace(announced, closures=closures))
