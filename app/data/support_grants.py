"""Support access grants as rows. Access is decided by `expires_at` and `revoked_at` in every query, never by a status."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.rows import Row, all_rows, one_row, run
from app.domain.ids import AccountId, GrantId, OrgId
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = [
    "NewSupportGrant",
    "SupportGrant",
    "find_grant",
    "find_grant_in_use",
    "find_grants_of",
    "find_usable_grant",
    "insert_grant",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSupportGrant:
    """A grant about to be given. `admin_account_id` None: to any Global Admin."""

    org_id: OrgId
    granted_by: AccountId
    admin_account_id: AccountId | None
    reason: str
    read_only: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportGrant:
    """A grant as stored, and whether it is usable, by the database's clock at the read."""

    grant_id: GrantId
    org_id: OrgId
    granted_by: AccountId
    admin_account_id: AccountId | None
    reason: str
    read_only: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: AccountId | None
    last_used_at: datetime | None
    last_used_by: AccountId | None
    use_count: int
    is_usable: bool


def insert_grant(db: Connection, grant: NewSupportGrant) -> SupportGrant:
    """The grant is stored under a new id."""
    grant_id = GrantId(uuid7())
    run(
        db,
        """
        INSERT INTO support_access_grant (id, org_id, granted_by, admin_account_id, reason, read_only, expires_at)
        VALUES (%(id)s, %(org_id)s, %(granted_by)s, %(admin)s, %(reason)s, %(read_only)s, %(expires_at)s)
        """,
        id=grant_id,
        org_id=grant.org_id,
        granted_by=grant.granted_by,
        admin=grant.admin_account_id,
        reason=grant.reason,
        read_only=grant.read_only,
        expires_at=grant.expires_at,
    )
    stored = find_grant(db, grant_id)
    assert stored is not None
    return stored


def find_grant(db: Connection, grant_id: GrantId, *, org_id: OrgId | None = None) -> SupportGrant | None:
    """The grant, usable or over; None if there is none by that id, or it is not that organization's."""
    row = one_row(
        db,
        f"{_SELECT} WHERE g.id = %(grant_id)s AND g.org_id = coalesce(%(org_id)s::uuid, g.org_id)",
        grant_id=grant_id,
        org_id=org_id,
    )
    return None if row is None else _grant(row)


def find_grants_of(
    db: Connection, org_id: OrgId, *, usable_by: AccountId | None, page: PageRequest
) -> Page[SupportGrant]:
    """The organization's grants, newest first; with `usable_by`, only those that this Global Admin may work under."""
    rows = all_rows(
        db,
        f"""
        {_SELECT}
         WHERE g.org_id = %(org_id)s
           AND (%(usable_by)s::uuid IS NULL
                OR (g.revoked_at IS NULL AND g.expires_at > statement_timestamp()
                    AND coalesce(g.admin_account_id, %(usable_by)s::uuid) = %(usable_by)s::uuid))
           AND (%(after_at)s::timestamptz IS NULL
                OR (g.created_at, g.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY g.created_at DESC, g.id DESC
         LIMIT %(page_limit)s
        """,
        org_id=org_id,
        usable_by=usable_by,
        **page.parameters,
    )
    return page_of(rows, page, item=_grant, position=lambda row: Position(row["created_at"], row["id"]))


def find_usable_grant(
    db: Connection, *, org_id: OrgId, admin: AccountId, grant_id: GrantId | None
) -> SupportGrant | None:
    """A grant that this Global Admin may work under now, held until the transaction ends; the one asked for, or the longest."""
    row = one_row(
        db,
        f"""
        {_SELECT}
          JOIN account a ON a.id = %(admin)s AND a.is_global_admin
         WHERE g.org_id = %(org_id)s AND g.id = coalesce(%(grant_id)s::uuid, g.id)
           AND coalesce(g.admin_account_id, a.id) = a.id
           AND g.revoked_at IS NULL AND g.expires_at > clock_timestamp()
         ORDER BY g.expires_at DESC, g.id
         LIMIT 1
           FOR SHARE OF g
        """,
        org_id=org_id,
        admin=admin,
        grant_id=grant_id,
    )
    return None if row is None else _grant(row)


def find_grant_in_use(
    db: Connection, grant_id: GrantId, *, org_id: OrgId, by: AccountId
) -> tuple[SupportGrant, datetime] | None:
    """The grant, and now; None if it is over, another organization's, or not this person's any more."""
    row = one_row(
        db,
        f"""
        {_SELECT}
          JOIN account a ON a.id = %(by)s AND a.is_global_admin AND a.suspended_at IS NULL AND a.deleted_at IS NULL
         WHERE g.id = %(grant_id)s AND g.org_id = %(org_id)s AND g.revoked_at IS NULL
           AND g.expires_at > statement_timestamp()
           AND coalesce(g.admin_account_id, a.id) = a.id
        """,
        grant_id=grant_id,
        org_id=org_id,
        by=by,
    )
    return None if row is None else (_grant(row), row["read_at"])


_SELECT = """
SELECT g.*, g.revoked_at IS NULL AND g.expires_at > statement_timestamp() AS is_usable, statement_timestamp() AS read_at
  FROM support_access_grant g
"""


def _grant(row: Row) -> SupportGrant:
    return SupportGrant(
        grant_id=GrantId(row["id"]),
        org_id=OrgId(row["org_id"]),
        granted_by=AccountId(row["granted_by"]),
        admin_account_id=_account(row["admin_account_id"]),
        reason=row["reason"],
        read_only=row["read_only"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        revoked_by=_account(row["revoked_by"]),
        last_used_at=row["last_used_at"],
        last_used_by=_account(row["last_used_by"]),
        use_count=row["use_count"],
        is_usable=row["is_usable"],
    )


def _account(value: object) -> AccountId | None:
    return None if value is None else AccountId(value)  # type: ignore[arg-type]
