"""Reading the audit trail."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.data.rows import Row, all_rows
from app.data.scope import ACCOUNT_KNOWN_TO_CALLER
from app.domain.ids import AccountId, OrgId, RevocationId
from app.domain.paging import Page, PageRequest, Position, page_of
from app.domain.searching import TrailSearch

__all__ = ["TrailEvent", "find_trail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEvent:
    """A row of the trail. Ids are as they were written: those of a failure were chosen by whoever tried."""

    event_id: UUID
    occurred_at: datetime
    type: str
    outcome: str
    actor_id: str | None
    account_id: str | None
    session_id: str | None
    api_token_id: str | None
    grant_id: str | None
    org_id: str | None
    revocation_id: RevocationId | None
    credential_type: str | None
    reason: str | None
    ip_address: str
    metadata: Mapping[str, Any]


def find_trail(
    db: Connection, *, reader: AccountId | None, org_id: OrgId | None, search: TrailSearch, page: PageRequest
) -> Page[TrailEvent]:
    """What the reader may see of the trail and answers the search, newest first; of one organization if named.

    A Global Admin sees everything, and so does an operator, who is nobody (None); an organization's admin what happened in it; everybody what they did themselves
    and what happened to their account. An e-mail address finds nothing unless it is one that the reader may know.
    """
    rows = all_rows(
        db,
        _SEARCH,
        caller=reader,
        caller_text=None if reader is None else str(reader),
        org_id=None if org_id is None else str(org_id),
        **asdict(search),
        **page.parameters,
    )
    return page_of(rows, page, item=_event, position=lambda row: Position(row["occurred_at"], row["id"]))


_SEARCH = f"""
SELECT e.*
  FROM audit_event e
 WHERE (%(caller)s::uuid IS NULL
        OR EXISTS (SELECT FROM account a WHERE a.id = %(caller)s AND a.is_global_admin)
        OR e.account_id = %(caller_text)s OR e.actor_id = %(caller_text)s
        OR e.org_id IN (SELECT r.org_id::text FROM role_grant r
                         WHERE r.account_id = %(caller)s AND r.role = 'admin'))
   AND (%(org_id)s::text IS NULL OR e.org_id = %(org_id)s)
   AND (%(type)s::text IS NULL OR e.type = %(type)s)
   AND (%(outcome)s::text IS NULL OR e.outcome = %(outcome)s)
   AND (%(account)s::text IS NULL OR e.account_id = lower(%(account)s)
        OR e.account_id IN (SELECT a.id::text FROM account a
                             WHERE a.email = lower(%(account)s) AND {ACCOUNT_KNOWN_TO_CALLER}))
   AND (%(actor)s::text IS NULL OR e.actor_id = lower(%(actor)s)
        OR e.actor_id IN (SELECT a.id::text FROM account a
                           WHERE a.email = lower(%(actor)s) AND {ACCOUNT_KNOWN_TO_CALLER}))
   AND (%(text)s::text IS NULL
        OR position(lower(%(text)s) IN lower(concat_ws(' ', e.type, e.reason, e.ip_address, e.metadata, e.actor_id,
               e.account_id, e.session_id, e.api_token_id, e.grant_id, e.org_id, e.revocation_id))) > 0)
   AND (%(since)s::timestamptz IS NULL OR e.occurred_at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR e.occurred_at < %(until)s)
   AND (%(after_at)s::timestamptz IS NULL
        OR (e.occurred_at, e.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
 ORDER BY e.occurred_at DESC, e.id DESC
 LIMIT %(page_limit)s
"""  # noqa: S608 - what is put in is a constant


def _event(row: Row) -> TrailEvent:
    return TrailEvent(
        event_id=row["id"],
        occurred_at=row["occurred_at"],
        type=row["type"],
        outcome=row["outcome"],
        actor_id=row["actor_id"],
        account_id=row["account_id"],
        session_id=row["session_id"],
        api_token_id=row["api_token_id"],
        grant_id=row["grant_id"],
        org_id=row["org_id"],
        revocation_id=row["revocation_id"],
        credential_type=row["credential_type"],
        reason=row["reason"],
        ip_address=row["ip_address"],
        metadata=row["metadata"],
    )
