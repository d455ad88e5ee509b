"""What use is made of support access: a row a support session, with sums on its grant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.data.rows import Row, all_rows, run
from app.domain.ids import AccountId, GrantId, OrgId, SessionId
from app.domain.paging import Page, PageRequest, Position, page_of
from app.domain.support_use import SupportUse

__all__ = ["RecordedUse", "add_uses", "find_uses", "insert_use"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedUse:
    """A support session as its organization sees it: who, under which grant, what for, when last, how often."""

    session_id: SessionId
    grant_id: GrantId
    account_id: AccountId
    user: str
    purpose: str
    opened_at: datetime
    last_used_at: datetime | None
    use_count: int


def insert_use(
    db: Connection,
    session_id: SessionId,
    *,
    grant_id: GrantId,
    org_id: OrgId,
    account_id: AccountId,
    purpose: str,
) -> None:
    """The organization can see that a support session has begun, and has been told if it is the first of its grant."""
    run(
        db,
        """
        INSERT INTO support_use (session_id, grant_id, org_id, account_id, purpose)
        VALUES (%(session_id)s, %(grant_id)s, %(org_id)s, %(account_id)s, %(purpose)s)
        """,
        session_id=session_id,
        grant_id=grant_id,
        org_id=org_id,
        account_id=account_id,
        purpose=purpose,
    )


def add_uses(db: Connection, uses: Sequence[SupportUse]) -> None:
    """They are in the sums of their sessions and grants. Rows are locked in the order of their ids."""
    parameters = {
        "sessions": [use.session_id for use in uses],
        "grants": [use.grant_id for use in uses],
        "accounts": [use.account_id for use in uses],
        "instants": [use.used_at for use in uses],
        "times": [use.times for use in uses],
    }
    run(db, _ADD_TO_GRANTS, **parameters)
    run(db, _ADD_TO_SESSIONS, **parameters)


def find_uses(db: Connection, org_id: OrgId, page: PageRequest) -> Page[RecordedUse]:
    """The support sessions there were in the organization, newest first, those that are over included."""
    rows = all_rows(
        db,
        """
        SELECT u.*, coalesce(a.email, '') AS used_by
          FROM support_use u LEFT JOIN account a ON a.id = u.account_id
         WHERE u.org_id = %(org_id)s
           AND (%(after_at)s::timestamptz IS NULL
                OR (u.opened_at, u.session_id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY u.opened_at DESC, u.session_id DESC
         LIMIT %(page_limit)s
        """,
        org_id=org_id,
        **page.parameters,
    )
    return page_of(rows, page, item=_use, position=lambda row: Position(row["opened_at"], row["session_id"]))


_ADD_TO_GRANTS = """
WITH given AS (
    SELECT * FROM unnest(%(grants)s::uuid[], %(accounts)s::uuid[], %(instants)s::timestamptz[], %(times)s::bigint[])
               AS each_use (grant_id, account_id, used_at, times)
), sums AS (
    SELECT grant_id, max(used_at) AS used_at, sum(times) AS times, (array_agg(account_id ORDER BY used_at DESC))[1] AS latest
      FROM given GROUP BY grant_id
), locked AS MATERIALIZED (
    SELECT g.id FROM support_access_grant g WHERE g.id IN (SELECT grant_id FROM sums) ORDER BY g.id FOR NO KEY UPDATE
)
UPDATE support_access_grant g
   SET use_count = g.use_count + sums.times,
       last_used_by = CASE WHEN sums.used_at >= coalesce(g.last_used_at, '-infinity') THEN sums.latest ELSE g.last_used_by END,
       last_used_at = greatest(g.last_used_at, sums.used_at)
  FROM sums JOIN locked ON locked.id = sums.grant_id
 WHERE g.id = sums.grant_id
"""

_ADD_TO_SESSIONS = """
UPDATE support_use u
   SET use_count = u.use_count + given.times, last_used_at = greatest(u.last_used_at, given.used_at)
  FROM unnest(%(sessions)s::uuid[], %(instants)s::timestamptz[], %(times)s::bigint[])
           AS given (session_id, used_at, times)
 WHERE u.session_id = given.session_id
"""


def _use(row: Row) -> RecordedUse:
    return RecordedUse(
        session_id=SessionId(row["session_id"]),
        grant_id=GrantId(row["grant_id"]),
        account_id=AccountId(row["account_id"]),
        user=row["used_by"],
        purpose=row["purpose"],
        opened_at=row["opened_at"],
        last_used_at=row["last_used_at"],
        use_count=row["use_count"],
    )
