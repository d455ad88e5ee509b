"""The first half of signing in: what the password is to be verified against."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.data.rows import one_row
from app.data.sign_in_failures import count_sign_in_failures
from app.domain.errors import RateLimited
from app.domain.ids import AccountId

__all__ = ["FoundSignIn", "find_sign_in"]

RETRY_AFTER_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSignIn:
    """What is known of an e-mail address; for an unknown one, neither account nor hash."""

    email: str
    account_id: AccountId | None
    password_hash: str | None


def find_sign_in(db: Connection, *, email: str, address: str, attempts: int) -> FoundSignIn:
    """The account by that e-mail address, whatever its case. Unknown ones are answered, and limited, like known ones.

    Raises: RateLimited after that many failures within a minute, from one address or for one e-mail address.
    """
    email = email.strip().lower()
    if count_sign_in_failures(db, email=email, address=address) >= attempts:
        raise RateLimited(RETRY_AFTER_S)
    row = one_row(
        db,
        "SELECT id, password_hash FROM account WHERE email = %(email)s AND deleted_at IS NULL",
        email=email.replace("\0", ""),
    )
    if row is None:
        return FoundSignIn(email=email, account_id=None, password_hash=None)
    return FoundSignIn(email=email, account_id=AccountId(row["id"]), password_hash=row["password_hash"])
