"""Who an account is, as its owner sees it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.data.organizations import Membership, find_memberships
from app.data.rows import one_row
from app.domain.errors import NotFound
from app.domain.ids import AccountId

__all__ = ["OwnAccount", "read_own_account"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """An account and its roles."""

    account_id: AccountId
    email: str
    display_name: str
    is_global_admin: bool
    organizations: tuple[Membership, ...]


def read_own_account(db: Connection, *, account_id: AccountId) -> OwnAccount:
    """The account with its organizations. Raises: NotFound for an unknown or deleted one."""
    row = one_row(
        db,
        """
        SELECT email, display_name, is_global_admin FROM account
         WHERE id = %(account_id)s AND deleted_at IS NULL
        """,
        account_id=account_id,
    )
    if row is None:
        raise NotFound("account")
    return OwnAccount(
        account_id=account_id,
        email=row["email"],
        display_name=row["display_name"],
        is_global_admin=row["is_global_admin"],
        organizations=find_memberships(db, account_id),
    )
