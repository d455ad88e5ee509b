"""Who belongs to an organization."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.data.rows import all_rows
from app.domain.ids import AccountId, OrgId
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = ["Member", "find_members_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member, with the role in that organization."""

    account_id: AccountId
    email: str
    display_name: str
    role: str


def find_members_of(db: Connection, org_id: OrgId, page: PageRequest) -> Page[Member]:
    """The organization's members, those who joined last first; not those whose account was deleted."""
    rows = all_rows(
        db,
        """
        SELECT a.id, a.email, a.display_name, r.role, r.created_at
          FROM role_grant r JOIN account a ON a.id = r.account_id
         WHERE r.org_id = %(org_id)s AND a.deleted_at IS NULL
           AND (%(after_at)s::timestamptz IS NULL
                OR (r.created_at, a.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY r.created_at DESC, a.id DESC
         LIMIT %(page_limit)s
        """,
        org_id=org_id,
        **page.parameters,
    )
    return page_of(
        rows,
        page,
        item=lambda row: Member(
            account_id=AccountId(row["id"]),
            email=row["email"],
            display_name=row["display_name"],
            role=row["role"],
        ),
        position=lambda row: Position(row["created_at"], row["id"]),
    )
