"""The operator adds an account, to an organization if wanted: where no other system of theirs does."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from app.data.organizations import write_role
from app.domain.ids import AccountId, OrgId
from app.operations.create_account import create_account
from app.operations.ensure_organization import ensure_organization

__all__ = ["AddedAccount", "add_account"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedAccount:
    """What was made; `org_id` is that of its organization, new or not."""

    account_id: AccountId
    org_id: OrgId | None


def add_account(
    db: Connection,
    *,
    email: str,
    password_hash: str,
    is_global_admin: bool,
    org: str | None,
    role: Literal["member", "admin"],
) -> AddedAccount:
    """The account can sign in, and has that role in the organization, which is made if there is none of that slug.

    Raises: Invalid; Conflict if the address is taken.
    """
    account_id = create_account(
        db, email=email, display_name="", password_hash=password_hash, is_global_admin=is_global_admin
    )
    if org is None:
        return AddedAccount(account_id=account_id, org_id=None)
    org_id = ensure_organization(db, slug=org, name=org)
    write_role(db, account_id=account_id, org_id=org_id, role=role)
    return AddedAccount(account_id=account_id, org_id=org_id)
