"""The accounts and organizations of demo and development: at a domain of their own."""

from app.data.engine import Database
from app.domain.ids import AccountId, OrgId
from app.operations.ensure_account import ensure_account
from app.operations.ensure_organization import ensure_organization

__all__ = ["DOMAIN", "account_named", "organization_named"]

DOMAIN = "demo.example"


def account_named(
    database: Database, name: str, *, password_hash: str, is_global_admin: bool = False
) -> AccountId:
    """The account of that name at our domain is there, new or not, and signs in with the password."""
    return database.transact(
        ensure_account,
        email=f"{name}@{DOMAIN}",
        display_name=name,
        password_hash=password_hash,
        is_global_admin=is_global_admin,
    )


def organization_named(database: Database, slug: str) -> OrgId:
    """The organization of that name is there, new or not."""
    return database.transact(ensure_organization, slug=slug, name=slug.capitalize())
