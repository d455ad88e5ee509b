"""Support grants as people look at them: with the organization's name, and the people by e-mail address."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.data.rows import Row, all_rows, one_row
from app.domain.ids import AccountId, GrantId, OrgId, SessionId
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = ["ShownGrant", "SupportStanding", "find_shown_grants", "find_standing", "support_marks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGrant:
    """A grant. `admin` None: any Global Admin; `ended`: None while it is usable, else how it ended."""

    grant_id: GrantId
    org_slug: str
    org_name: str
    given_by: str
    admin: str | None
    reason: str
    read_only: bool
    created_at: datetime
    expires_at: datetime
    ended: str | None
    ended_at: datetime | None
    last_used_at: datetime | None
    last_used_by: str
    use_count: int
    open_sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportStanding:
    """Where a support session is, what it may do there, and until when."""

    org_slug: str
    org_name: str
    read_only: bool
    ends_at: datetime


def find_shown_grants(
    db: Connection,
    *,
    grant_id: GrantId | None = None,
    org_id: OrgId | None = None,
    usable_by: AccountId | None = None,
    only_usable: bool = False,
    page: PageRequest,
) -> Page[ShownGrant]:
    """Grants, newest first: that one if it is named; of that organization, and such as this Global Admin may use now."""
    rows = all_rows(
        db,
        """
        SELECT g.*, o.slug, o.name, coalesce(giver.email, '') AS given_by_email, named.email AS admin_email,
               coalesce(last_user.email, '') AS last_user_email,
               CASE WHEN g.revoked_at IS NOT NULL THEN 'revoked'
                    WHEN g.expires_at <= statement_timestamp() THEN 'expired' END AS ended,
               (SELECT count(*) FROM session s
                 WHERE s.grant_id = g.id AND s.terminated_at IS NULL AND s.expires_at > statement_timestamp()) AS open_sessions
          FROM support_access_grant g JOIN organization o ON o.id = g.org_id
          LEFT JOIN account giver ON giver.id = g.granted_by
          LEFT JOIN account named ON named.id = g.admin_account_id
          LEFT JOIN account last_user ON last_user.id = g.last_used_by
         WHERE g.id = coalesce(%(grant_id)s::uuid, g.id) AND g.org_id = coalesce(%(org_id)s::uuid, g.org_id)
           AND (%(usable_by)s::uuid IS NULL OR coalesce(g.admin_account_id, %(usable_by)s::uuid) = %(usable_by)s::uuid)
           AND (NOT %(only_usable)s OR (g.revoked_at IS NULL AND g.expires_at > statement_timestamp()))
           AND (%(after_at)s::timestamptz IS NULL
                OR (g.created_at, g.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY g.created_at DESC, g.id DESC
         LIMIT %(page_limit)s
        """,
        grant_id=grant_id,
        org_id=org_id,
        usable_by=usable_by,
        only_usable=only_usable or usable_by is not None,
        **page.parameters,
    )
    return page_of(rows, page, item=_shown, position=lambda row: Position(row["created_at"], row["id"]))


def find_standing(db: Connection, session_id: SessionId) -> SupportStanding | None:
    """Of a support session; None for a session that is none."""
    row = one_row(
        db,
        """
        SELECT o.slug, o.name, g.read_only, least(s.expires_at, s.absolute_expires_at, g.expires_at) AS ends_at
          FROM session s JOIN support_access_grant g ON g.id = s.grant_id JOIN organization o ON o.id = g.org_id
         WHERE s.id = %(session_id)s
        """,
        session_id=session_id,
    )
    if row is None:
        return None
    return SupportStanding(
        org_slug=row["slug"], org_name=row["name"], read_only=row["read_only"], ends_at=row["ends_at"]
    )


def support_marks(db: Connection, *, org_id: OrgId | None, admin: AccountId | None) -> str:
    """A text that changes whenever what an organization's, or a Global Admin's, page on support shows does."""
    (row,) = all_rows(
        db,
        """
        SELECT (SELECT count(*) || ' ' || count(*) FILTER (WHERE g.revoked_at IS NULL AND g.expires_at > statement_timestamp())
                       || ' ' || coalesce(max(g.expires_at)::text, '') || ' ' || coalesce(sum(g.use_count), 0)
                       || ' ' || coalesce(sum(extract(epoch FROM g.expires_at)), 0)
                  FROM support_access_grant g
                 WHERE g.org_id = coalesce(%(org_id)s::uuid, g.org_id)
                   AND (%(admin)s::uuid IS NULL OR coalesce(g.admin_account_id, %(admin)s::uuid) = %(admin)s::uuid)) AS grants,
               (SELECT count(*) || ' ' || count(q.decision) || ' ' || count(*) FILTER (WHERE q.lapses_at <= statement_timestamp())
                  FROM support_request q
                 WHERE q.org_id = coalesce(%(org_id)s::uuid, q.org_id)
                   AND q.requested_by = coalesce(%(admin)s::uuid, q.requested_by)) AS requests,
               (SELECT count(*) || ' ' || coalesce(sum(d.attempts), 0) || ' ' || count(d.delivered_at) || ' ' || count(d.given_up_at)
                  FROM notice n LEFT JOIN webhook_delivery d ON d.notice_id = n.id WHERE n.org_id = %(org_id)s) AS notices
        """,
        org_id=org_id,
        admin=admin,
    )
    return f"{row['grants']} | {row['requests']} | {row['notices']}"


def _shown(row: Row) -> ShownGrant:
    return ShownGrant(
        grant_id=GrantId(row["id"]),
        org_slug=row["slug"],
        org_name=row["name"],
        given_by=row["given_by_email"],
        admin=row["admin_email"] if row["admin_account_id"] else None,
        reason=row["reason"],
        read_only=row["read_only"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        ended=row["ended"],
        ended_at=(row["revoked_at"] or row["expires_at"]) if row["ended"] else None,
        last_used_at=row["last_used_at"],
        last_used_by=row["last_user_email"],
        use_count=row["use_count"],
        open_sessions=row["open_sessions"],
    )
