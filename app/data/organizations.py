"""Organizations, and who has which role in them."""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.rows import all_rows, one_row, run
from app.domain.caller import Caller
from app.domain.errors import Forbidden, NotFound
from app.domain.ids import AccountId, OrgId
from app.domain.permissions import require_no_support_session

__all__ = [
    "Membership",
    "Organization",
    "find_memberships",
    "find_organization",
    "insert_organization",
    "require_org_admin",
    "role_in",
    "write_role",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organization; people call it by its slug."""

    org_id: OrgId
    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """An organization and the role that an account has in it: `member` or `admin`."""

    org_id: OrgId
    slug: str
    name: str
    role: str


def insert_organization(db: Connection, *, slug: str, name: str) -> OrgId | None:
    """The new organization's id; None if the slug is taken."""
    org_id = OrgId(uuid7())
    inserted = run(
        db,
        """
        INSERT INTO organization (id, slug, name) VALUES (%(id)s, %(slug)s, %(name)s)
        ON CONFLICT (slug) DO NOTHING
        """,
        id=org_id,
        slug=slug,
        name=name,
    )
    return org_id if inserted else None


def find_organization(db: Connection, org: str) -> Organization | None:
    """The organization by that id or slug; None for an unknown one."""
    org_id = _id_from(org)
    if org_id is not None:
        row = one_row(db, "SELECT id, slug, name FROM organization WHERE id = %(org_id)s", org_id=org_id)
    else:
        row = one_row(db, "SELECT id, slug, name FROM organization WHERE slug = %(slug)s", slug=org)
    return None if row is None else Organization(org_id=OrgId(row["id"]), slug=row["slug"], name=row["name"])


def role_in(db: Connection, org_id: OrgId, account_id: AccountId) -> str | None:
    """The account's role in the organization, `member` or `admin`; None if it has none, or may do nothing now."""
    row = one_row(
        db,
        """
        SELECT r.role FROM role_grant r JOIN account a ON a.id = r.account_id
         WHERE r.org_id = %(org_id)s AND a.id = %(account_id)s AND a.suspended_at IS NULL AND a.deleted_at IS NULL
        """,
        org_id=org_id,
        account_id=account_id,
    )
    return None if row is None else str(row["role"])


def require_org_admin(db: Connection, caller: Caller, org: str) -> Organization:
    """The organization, for one of its admins.

    Raises: NotFound for an unknown organization and one that the caller does not belong to; Forbidden for a member.
    """
    require_no_support_session(caller)
    organization = find_organization(db, org)
    role = None if organization is None else role_in(db, organization.org_id, caller.account_id)
    if organization is None or role is None:
        raise NotFound("organization")
    if role != "admin":
        raise Forbidden("org_admin")
    return organization


def find_memberships(db: Connection, account_id: AccountId) -> tuple[Membership, ...]:
    """The account's organizations, by slug."""
    rows = all_rows(
        db,
        """
        SELECT o.id, o.slug, o.name, r.role
          FROM role_grant r JOIN organization o ON o.id = r.org_id
         WHERE r.account_id = %(account_id)s
         ORDER BY o.slug
        """,
        account_id=account_id,
    )
    return tuple(
        Membership(org_id=OrgId(row["id"]), slug=row["slug"], name=row["name"], role=row["role"])
        for row in rows
    )


def write_role(db: Connection, *, account_id: AccountId, org_id: OrgId, role: str | None) -> None:
    """The account has that role in the organization, or none."""
    if role is None:
        run(
            db,
            "DELETE FROM role_grant WHERE account_id = %(account_id)s AND org_id = %(org_id)s",
            account_id=account_id,
            org_id=org_id,
        )
        return
    run(
        db,
        """
        INSERT INTO role_grant (account_id, org_id, role) VALUES (%(account_id)s, %(org_id)s, %(role)s)
        ON CONFLICT (account_id, org_id) DO UPDATE SET role = excluded.role
        """,
        account_id=account_id,
        org_id=org_id,
        role=role,
    )


def _id_from(org: str) -> OrgId | None:
    """An id in its usual form; a slug that looks like one is found by its id only."""
    return OrgId(UUID(org)) if _UUID.fullmatch(org) else None


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
