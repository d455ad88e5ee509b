"""Accounts for demo and development: inserted as rows, since the product has no sign-up."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from uuid_utils.compat import uuid7

__all__ = ["NewAccount", "insert_account", "insert_organization"]

DOMAIN = "demo.example"

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be. Without a name it gets one of its own."""

    password_hash: str
    name: str = ""
    is_global_admin: bool = False
    admin_of: UUID | None = None
    member_of: UUID | None = None
    account_id: UUID = field(default_factory=uuid7)

    @property
    def email(self) -> str:
        """What it signs in with."""
        return f"{self.name or self.account_id}@{DOMAIN}"


def insert_account(connection: Connection, account: NewAccount) -> UUID:
    """The account can sign in; one with that address already gets the password. Its id."""
    row = connection.execute(
        _ACCOUNT,
        {
            "id": account.account_id,
            "email": account.email,
            "display_name": account.name or "demo",
            "password_hash": account.password_hash,
            "is_global_admin": account.is_global_admin,
        },
    ).fetchone()
    assert row is not None, "inserted or updated"
    for role, org_id in (("admin", account.admin_of), ("member", account.member_of)):
        if org_id is not None:
            connection.execute(_ROLE, {"account_id": row[0], "org_id": org_id, "role": role})
    return UUID(str(row[0]))


def insert_organization(connection: Connection, slug: str = "") -> UUID:
    """The organization is there, whether it was before or not. Its id."""
    org_id = uuid7()
    row = connection.execute(
        _ORGANIZATION, {"id": org_id, "slug": slug or f"demo-{org_id}", "name": (slug or "demo").capitalize()}
    ).fetchone()
    assert row is not None, "inserted or updated"
    return UUID(str(row[0]))


_ACCOUNT = """
INSERT INTO account (id, email, display_name, password_hash, is_global_admin)
VALUES (%(id)s, %(email)s, %(display_name)s, %(password_hash)s, %(is_global_admin)s)
ON CONFLICT (email) WHERE deleted_at IS NULL
DO UPDATE SET password_hash = excluded.password_hash, is_global_admin = excluded.is_global_admin
RETURNING id
"""

_ROLE = """
INSERT INTO role_grant (account_id, org_id, role) VALUES (%(account_id)s, %(org_id)s, %(role)s)
ON CONFLICT (account_id, org_id) DO UPDATE SET role = excluded.role
"""

_ORGANIZATION = """
INSERT INTO organization (id, slug, name) VALUES (%(id)s, %(slug)s, %(name)s)
ON CONFLICT (slug) DO UPDATE SET name = excluded.name
RETURNING id
"""
