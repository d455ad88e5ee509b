"""Reading the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.data.rows import Row, all_rows
from app.domain.ids import AccountId, OrgId, RevocationId
from app.domain.paging import Page, PageRequest, Position, page_of

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
    db: Session, *, reader: AccountId, org_id: OrgId | None, event_type: str | None, page: PageRequest
) -> Page[TrailEvent]:
    """What the reader may see of the trail, newest first, of one organization or one type if named.

    A Global Admin sees everything; an organization's admin what happened in it; everybody what they did themselves
    and what happened to their account.
    """
    rows = all_rows(
        db,
        """
        SELECT e.*
          FROM audit_event e
         WHERE (EXISTS (SELECT FROM account a WHERE a.id = %(reader)s AND a.is_global_admin)
                OR e.account_id = %(reader_text)s OR e.actor_id = %(reader_text)s
                OR e.org_id IN (SELECT r.org_id::text FROM role_grant r
                                 WHERE r.account_id = %(reader)s AND r.role = 'admin'))
           AND (%(org_id)s::text IS NULL OR e.org_id = %(org_id)s)
           AND (%(event_type)s::text IS NULL OR e.type = %(event_type)s)
           AND (%(after_at)s::timestamptz IS NULL
                OR (e.occurred_at, e.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY e.occurred_at DESC, e.id DESC
         LIMIT %(page_limit)s
        """,
        reader=reader,
        reader_text=str(reader),
        org_id=None if org_id is None else str(org_id),
        event_type=event_type,
        **page.parameters,
    )
    return page_of(rows, page, item=_event, position=lambda row: Position(row["occurred_at"], row["id"]))


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
