"""Finds the Global Admin whom an organization means to let in."""

from sqlalchemy import Connection

from app.data.rows import one_row
from app.domain.errors import Invalid
from app.domain.ids import AccountId

__all__ = ["find_global_admin"]


def find_global_admin(db: Connection, *, email: str) -> AccountId:
    """The account with that address, in any case. Raises: Invalid where it is no Global Admin who can sign in."""
    row = one_row(
        db,
        """
        SELECT id FROM account
         WHERE email = lower(%(email)s) AND is_global_admin AND suspended_at IS NULL AND deleted_at IS NULL
        """,
        email=email.strip(),
    )
    if row is None:
        raise Invalid("admin", "not_a_global_admin")
    return AccountId(row["id"])
