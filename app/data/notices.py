"""What an organization was told, and whether its webhook has taken it. Notices are written by triggers only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.data.rows import Row, all_rows
from app.domain.ids import GrantId, NoticeId, OrgId, SupportRequestId
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = ["Notice", "find_notices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened, and how its delivery stands: None where there is no webhook, else pending, delivered, given_up."""

    notice_id: NoticeId
    noticed_at: datetime
    type: str
    grant_id: GrantId | None
    request_id: SupportRequestId | None
    facts: Mapping[str, Any]
    delivery: str | None
    attempts: int
    last_problem: str | None


def find_notices(db: Connection, org_id: OrgId, page: PageRequest) -> Page[Notice]:
    """The organization's notices, newest first."""
    rows = all_rows(
        db,
        """
        SELECT n.*, coalesce(d.attempts, 0) AS attempts, d.last_problem,
               CASE WHEN d.delivered_at IS NOT NULL THEN 'delivered' WHEN d.given_up_at IS NOT NULL THEN 'given_up'
                    WHEN d.notice_id IS NOT NULL THEN 'pending' END AS delivery
          FROM notice n LEFT JOIN webhook_delivery d ON d.notice_id = n.id
         WHERE n.org_id = %(org_id)s
           AND (%(after_at)s::timestamptz IS NULL
                OR (n.noticed_at, n.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY n.noticed_at DESC, n.id DESC
         LIMIT %(page_limit)s
        """,
        org_id=org_id,
        **page.parameters,
    )
    return page_of(rows, page, item=_notice, position=lambda row: Position(row["noticed_at"], row["id"]))


def _notice(row: Row) -> Notice:
    return Notice(
        notice_id=NoticeId(row["id"]),
        noticed_at=row["noticed_at"],
        type=row["type"],
        grant_id=None if row["grant_id"] is None else GrantId(row["grant_id"]),
        request_id=None if row["request_id"] is None else SupportRequestId(row["request_id"]),
        facts=row["facts"],
        delivery=row["delivery"],
        attempts=row["attempts"],
        last_problem=row["last_problem"],
    )
