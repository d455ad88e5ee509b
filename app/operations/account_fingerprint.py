"""Whether what an admin sees of an account would look the same as before."""

from uuid import UUID

from sqlalchemy import Connection

from app.domain.caller import Caller
from app.domain.errors import NotFound
from app.domain.ids import AccountId
from app.operations.read_account import read_account

__all__ = ["account_fingerprint"]


def account_fingerprint(db: Connection, *, caller: Caller, argument: str) -> str:
    """A text that stays the same as long as the account with that id has the same stamps and counts.

    When somebody was last active is left out: it changes all the time.
    Raises: Forbidden; NotFound for an unknown account, one out of the admin's scope, and what is no id.
    """
    account = read_account(db, caller=caller, account_id=_id_from(argument))
    return repr(account)


def _id_from(argument: str) -> AccountId:
    try:
        return AccountId(UUID(argument))
    except ValueError:
        raise NotFound("account") from None
