"""An account is set up."""

from sqlalchemy import Connection

from app.data.accounts import insert_account
from app.domain.errors import Conflict, Invalid
from app.domain.ids import AccountId

__all__ = ["create_account"]

LONGEST_EMAIL = 254


def create_account(
    db: Connection, *, email: str, display_name: str, password_hash: str | None, is_global_admin: bool = False
) -> AccountId:
    """The account exists and can sign in, unless it has no password. Raises: Invalid; Conflict if the address is taken."""
    email = email.strip().lower()
    if "@" not in email[1:-1] or not email.isprintable() or " " in email or len(email) > LONGEST_EMAIL:
        raise Invalid("email", "not_an_email_address")
    account_id = insert_account(
        db,
        email=email,
        display_name=display_name.strip(),
        password_hash=password_hash,
        is_global_admin=is_global_admin,
    )
    if account_id is None:
        raise Conflict("email_is_taken")
    return account_id
