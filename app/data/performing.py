"""Performing a revocation in as few round trips as it can be: one that ends and reads, one that notes what was done."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.data.audit import APPEND_EVENT, AuditEvent, event_parameters
from app.data.closure_log import closure_from
from app.data.engine import Database
from app.data.revocations import (
    ANNOUNCED_AT_MOST,
    Announced,
    Revocation,
    revocation_from,
)
from app.data.rows import Row
from app.domain.ids import RevocationId
from app.logs.tracing import traceparent

__all__ = ["STANDING_COLUMNS", "Standing", "Stood", "end_or_look", "finish", "standing_from"]


class Stood(StrEnum):
    """How far a revocation was when a performer came to it."""

    FINISHED = "finished"
    PERFORMED = "performed"
    OVERTAKEN = "overtaken"
    ENDED = "ended"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The revocation as it is now, and what it has in the closure log, as far as that is still to be said."""

    stood: Stood
    revocation: Revocation
    announced: Announced


def end_or_look(database: Database, revocation_id: RevocationId) -> Standing | None:
    """What aims at one session or token has ended, in one round trip, if nobody ended it before; None for an unknown id.

    `ended`: by this call. `overtaken`: by another performer, for whom this one waited. `performed`: earlier, and it is
    not finished. `waiting`: its kind ends more than one thing; nothing was done.
    """
    row = database.alone(_END_OR_LOOK, id=revocation_id, trace=traceparent(), limit=ANNOUNCED_AT_MOST)
    if row is None or row["stood"] == "unknown":
        return None
    return standing_from(row)


def finish(
    database: Database, revocation_id: RevocationId, *, is_published: bool, event: AuditEvent | None
) -> bool:
    """Nothing is left to do for it: its one event is in the trail, if there is one; and it is on record as published.

    Whether others wait that were asked for at about the same time (`perform_waiting`).
    """
    parameters = {} if event is None else event_parameters(event)
    sql = _FINISH_ALONE if event is None else _FINISH_AND_TELL
    row = database.alone(sql, id=revocation_id, is_published=is_published, **parameters)
    return row is not None and bool(row["others_wait"])


def standing_from(row: Row) -> Standing:
    """A row with how it stood and the columns `STANDING_COLUMNS`."""
    return Standing(
        stood=Stood(row["stood"]),
        revocation=revocation_from(row),
        announced=Announced(
            system_identifier=str(row["this_system"]),
            closures=tuple(
                closure
                for closure in map(closure_from, map(_written, row["closures"] or ()))
                if closure is not None
            ),
        ),
    )


def _written(closure: dict[str, Any]) -> Row:
    return {**closure, "created_at": datetime.fromisoformat(closure["created_at"])}


STANDING_COLUMNS = """
       p.this_system, p.closures,
       (p.standing).id, (p.standing).kind, (p.standing).source, (p.standing).reason, (p.standing).account_id,
       (p.standing).org_id, (p.standing).target_id, (p.standing).sparing_session_id, (p.standing).issued_up_to,
       (p.standing).requested_by, (p.standing).requested_from, (p.standing).credential_type,
       (p.standing).performed_at, (p.standing).published_at, (p.standing).audited_at,
       (p.standing).sessions_ended, (p.standing).tokens_ended, (p.standing).grants_ended, (p.standing).traceparent
"""
"""What a function that performs answers as `p`."""

_END_OR_LOOK = f"""
SELECT p.stood, {STANDING_COLUMNS}
  FROM perform_revocation(%(id)s, %(trace)s, %(limit)s) AS p
"""  # noqa: S608 - what is put in is a constant

_FINISH = """
UPDATE revocation
   SET audited_at = coalesce(audited_at, clock_timestamp()),
       published_at = coalesce(published_at, CASE WHEN %(is_published)s THEN clock_timestamp() END)
 WHERE id = %(id)s
RETURNING id, requested_at
"""

_FINISH_ALONE = f"""
WITH finished AS ({_FINISH}) SELECT others_wait(requested_at) FROM finished
"""  # noqa: S608 - what is put in is a constant

_FINISH_AND_TELL = f"""
WITH finished AS ({_FINISH}), told AS ({APPEND_EVENT.format(source="FROM finished")})
SELECT others_wait(requested_at) FROM finished
"""  # noqa: S608 - what is put in is a constant
