"""The first half of changing a password: what the current one is to be verified against."""

from sqlalchemy import Connection

from app.data.rows import one_row
from app.data.sign_in_failures import count_password_failures
from app.domain.caller import Caller
from app.domain.errors import RateLimited, Unauthenticated
from app.domain.permissions import require_own_session
from app.operations.find_sign_in import RETRY_AFTER_S

__all__ = ["find_own_password"]


def find_own_password(db: Connection, *, caller: Caller, attempts: int) -> str:
    """The caller's password hash. Raises: Forbidden outside an own session; RateLimited after that many failures a minute."""
    require_own_session(caller)
    if count_password_failures(db, caller.account_id) >= attempts:
        raise RateLimited(RETRY_AFTER_S)
    row = one_row(
        db,
        "SELECT password_hash FROM account WHERE id = %(id)s AND password_hash IS NOT NULL",
        id=caller.account_id,
    )
    if row is None:
        raise Unauthenticated
    return str(row["password_hash"])
