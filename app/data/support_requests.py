"""Requests for support access as rows. Whether one can still be decided is asked in every WHERE, by the database's clock."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.rows import Row, all_rows, one_row, run
from app.domain.ids import AccountId, GrantId, OrgId, SupportRequestId
from app.domain.paging import Page, PageRequest, Position, page_of
from app.domain.support_access import REQUEST_LAPSES_AFTER, RequestState

__all__ = [
    "NewSupportRequest",
    "SupportRequest",
    "decide_request",
    "find_request",
    "find_requests",
    "insert_request",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSupportRequest:
    """A request about to be made."""

    org_id: OrgId
    requested_by: AccountId
    reason: str
    read_only: bool
    wanted_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportRequest:
    """A request as stored, with where it stands by the database's clock; `grant_id` is what approving it gave."""

    request_id: SupportRequestId
    org_id: OrgId
    org_slug: str
    org_name: str
    requested_by: AccountId
    requester: str
    reason: str
    read_only: bool
    wanted_until: datetime
    created_at: datetime
    lapses_at: datetime
    state: RequestState
    decided_at: datetime | None
    decided_by: AccountId | None
    grant_id: GrantId | None


def insert_request(db: Connection, request: NewSupportRequest) -> SupportRequest | None:
    """The request is pending; None if this person has one pending in that organization already."""
    request_id = SupportRequestId(uuid7())
    run(
        db,
        """
        UPDATE support_request SET decision = 'lapsed', decided_at = lapses_at
         WHERE org_id = %(org_id)s AND requested_by = %(by)s AND decision IS NULL AND lapses_at <= clock_timestamp()
        """,
        org_id=request.org_id,
        by=request.requested_by,
    )
    inserted = run(
        db,
        """
        INSERT INTO support_request (id, org_id, requested_by, reason, read_only, wanted_until, lapses_at)
        VALUES (%(id)s, %(org_id)s, %(by)s, %(reason)s, %(read_only)s, %(until)s, clock_timestamp() + %(lapses)s)
        ON CONFLICT (org_id, requested_by) WHERE decision IS NULL DO NOTHING
        """,
        id=request_id,
        org_id=request.org_id,
        by=request.requested_by,
        reason=request.reason,
        read_only=request.read_only,
        until=request.wanted_until,
        lapses=REQUEST_LAPSES_AFTER,
    )
    return find_request(db, request_id, org_id=request.org_id) if inserted else None


def find_request(
    db: Connection, request_id: SupportRequestId, *, org_id: OrgId, requested_by: AccountId | None = None
) -> SupportRequest | None:
    """The organization's request, by that person if one is named; None for unknown and foreign ids."""
    row = one_row(
        db,
        f"""
        {_SELECT}
         WHERE q.id = %(id)s AND q.org_id = %(org_id)s
           AND q.requested_by = coalesce(%(by)s::uuid, q.requested_by)
        """,
        id=request_id,
        org_id=org_id,
        by=requested_by,
    )
    return None if row is None else _request(row)


def find_requests(
    db: Connection, *, org_id: OrgId | None, requested_by: AccountId | None, page: PageRequest
) -> Page[SupportRequest]:
    """Requests, newest first: to that organization if one is named, by that person if one is named."""
    assert org_id is not None or requested_by is not None
    rows = all_rows(
        db,
        f"""
        {_SELECT}
         WHERE q.org_id = coalesce(%(org_id)s::uuid, q.org_id)
           AND q.requested_by = coalesce(%(by)s::uuid, q.requested_by)
           AND (%(after_at)s::timestamptz IS NULL
                OR (q.created_at, q.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY q.created_at DESC, q.id DESC
         LIMIT %(page_limit)s
        """,
        org_id=org_id,
        by=requested_by,
        **page.parameters,
    )
    return page_of(rows, page, item=_request, position=lambda row: Position(row["created_at"], row["id"]))


def decide_request(
    db: Connection,
    request_id: SupportRequestId,
    *,
    decision: RequestState,
    by: AccountId,
    grant_id: GrantId | None = None,
) -> bool:
    """The request is decided so; False if somebody has decided it, or it has lapsed: of several, one wins."""
    decided = run(
        db,
        """
        UPDATE support_request
           SET decision = %(decision)s, decided_at = clock_timestamp(), decided_by = %(by)s, grant_id = %(grant_id)s
         WHERE id = %(id)s AND decision IS NULL AND lapses_at > clock_timestamp()
        """,
        id=request_id,
        decision=decision.value,
        by=by,
        grant_id=grant_id,
    )
    return decided == 1


_SELECT = """
SELECT q.*, o.slug, o.name, coalesce(a.email, '') AS requester,
       coalesce(q.decision, CASE WHEN q.lapses_at <= statement_timestamp() THEN 'lapsed' ELSE 'pending' END) AS state
  FROM support_request q JOIN organization o ON o.id = q.org_id LEFT JOIN account a ON a.id = q.requested_by
"""


def _request(row: Row) -> SupportRequest:
    return SupportRequest(
        request_id=SupportRequestId(row["id"]),
        org_id=OrgId(row["org_id"]),
        org_slug=row["slug"],
        org_name=row["name"],
        requested_by=AccountId(row["requested_by"]),
        requester=row["requester"],
        reason=row["reason"],
        read_only=row["read_only"],
        wanted_until=row["wanted_until"],
        created_at=row["created_at"],
        lapses_at=row["lapses_at"],
        state=RequestState(row["state"]),
        decided_at=row["decided_at"],
        decided_by=None if row["decided_by"] is None else AccountId(row["decided_by"]),
        grant_id=None if row["grant_id"] is None else GrantId(row["grant_id"]),
    )
