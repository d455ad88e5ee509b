"""Accounts and organizations for demo and development; the product has no sign-up of its own."""

from app.data.engine import Database
from app.data.organizations import find_organization
from app.data.rows import one_row
from app.domain.errors import Conflict
from app.domain.ids import AccountId, OrgId
from app.operations.create_account import create_account
from app.operations.create_organization import create_organization

__all__ = ["DOMAIN", "account_named", "organization_named"]

DOMAIN = "demo.example"


def account_named(
    database: Database, name: str, *, password_hash: str, is_global_admin: bool = False
) -> AccountId:
    """The account of that name at our domain is there, new or not, and signs in with the password."""
    email = f"{name}@{DOMAIN}"
    try:
        return database.transact(
            create_account,
            email=email,
            display_name=name,
            password_hash=password_hash,
            is_global_admin=is_global_admin,
        )
    except Conflict:
        with database.session() as db:
            row = one_row(db, _GIVE_PASSWORD, email=email, password_hash=password_hash)
        assert row is not None, "somebody has the address"
        return AccountId(row["id"])


def organization_named(database: Database, slug: str) -> OrgId:
    """The organization of that name is there, new or not."""
    try:
        return database.transact(create_organization, slug=slug, name=slug.capitalize())
    except Conflict:
        found = database.transact(find_organization, slug)
        assert found is not None, "somebody has the slug"
        return found.org_id


_GIVE_PASSWORD = """
UPDATE account SET password_hash = %(password_hash)s WHERE email = %(email)s AND deleted_at IS NULL RETURNING id
"""
