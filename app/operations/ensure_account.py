"""An account is there, whoever made it: for installations that are set up by a program."""

from sqlalchemy import Connection

from app.data.accounts import give_password
from app.domain.errors import Conflict
from app.domain.ids import AccountId
from app.operations.create_account import create_account

__all__ = ["ensure_account"]


def ensure_account(
    db: Connection, *, email: str, display_name: str, password_hash: str, is_global_admin: bool = False
) -> AccountId:
    """There is an account of that address, new or not, and it signs in with that password. Nothing of it ends.

    One that was there keeps its name and its rights. Raises: Invalid.
    """
    try:
        return create_account(
            db,
            email=email,
            display_name=display_name,
            password_hash=password_hash,
            is_global_admin=is_global_admin,
        )
    except Conflict:
        account_id = give_password(db, email=email.strip(), password_hash=password_hash)
        if account_id is None:  # deleted in this very moment
            raise
        return account_id
