"""Performing what waits in a crowd: as many revocations as are found waiting end and are noted in a transaction each."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from app.data.audit import AuditEvent, event_parameters
from app.data.engine import Database
from app.data.performing import STANDING_COLUMNS, Standing, standing_from
from app.data.rows import Row, all_rows
from app.domain.ids import RevocationId

__all__ = ["companions_of", "end_waiting", "finish_all"]


def end_waiting(database: Database, beside: RevocationId, *, at_most: int) -> tuple[Standing, ...]:
    """What was asked for at about the time of that one and waits has ended, each of one session or token; perhaps nothing.

    One transaction for all of them, and in it each has its own instant and closures. What somebody has locked is left
    out, and so is all but one of an account; nothing is waited for.
    """

    def end(db: Connection) -> Sequence[Row]:
        return all_rows(db, _END_WAITING, beside=beside, at_most=at_most)

    return tuple(map(standing_from, database.transact(end)))


def finish_all(database: Database, events: Sequence[AuditEvent], *, are_published: bool) -> None:
    """Nothing is left to do for the revocations that these events tell of: one each is in the trail."""
    told = json.dumps([event_parameters(event) for event in events], default=str)
    database.alone(_FINISH_ALL, events=told, are_published=are_published)


def companions_of(database: Database, revocation_id: RevocationId) -> tuple[RevocationId, ...]:
    """The finished ones among those that were performed together with it."""
    row = database.alone(_COMPANIONS, id=revocation_id)
    return () if row is None or row["ids"] is None else tuple(map(RevocationId, row["ids"]))


_END_WAITING = f"""
SELECT 'ended' AS stood, {STANDING_COLUMNS}
  FROM perform_waiting(%(beside)s, %(at_most)s) AS p
"""  # noqa: S608 - what is put in is a constant

_FINISH_ALL = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%(events)s::jsonb) AS event(
        type text, outcome text, actor_id text, account_id text, session_id text, api_token_id text, grant_id text,
        org_id text, revocation_id uuid, credential_type text, reason text, ip_address text, metadata text)
), finished AS (
    UPDATE revocation r
       SET audited_at = coalesce(audited_at, clock_timestamp()),
           published_at = coalesce(published_at, CASE WHEN %(are_published)s THEN clock_timestamp() END)
      FROM told WHERE r.id = told.revocation_id
)
INSERT INTO audit_event (type, outcome, actor_id, account_id, session_id, api_token_id, grant_id, org_id, revocation_id,
                         credential_type, reason, ip_address, metadata)
SELECT type, outcome, actor_id, account_id, session_id, api_token_id, grant_id, org_id, revocation_id,
       credential_type, reason, ip_address, metadata::jsonb
  FROM told
ON CONFLICT (revocation_id) WHERE outcome = 'success' AND revocation_id IS NOT NULL DO NOTHING
"""

_COMPANIONS = """
SELECT array_agg(r.id) AS ids
  FROM revocation_transaction mark
  JOIN revocation_transaction beside USING (xact_id, system_identifier)
  JOIN revocation r ON r.id = beside.revocation_id
 WHERE mark.revocation_id = %(id)s AND mark.account_id IS NOT NULL AND r.id <> %(id)s AND r.audited_at IS NOT NULL
"""
