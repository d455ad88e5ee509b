"""An admin looks at somebody's account."""

from sqlalchemy import Connection

from app.data.account_search import AccountDetails, find_account
from app.data.scope import require_admin
from app.domain.caller import Caller
from app.domain.errors import NotFound
from app.domain.ids import AccountId

__all__ = ["read_account"]


def read_account(db: Connection, *, caller: Caller, account_id: AccountId) -> AccountDetails:
    """The account with its stamps, counts and roles; for a Global Admin a deleted one too.

    Raises: Forbidden; NotFound for an unknown account and one out of the admin's scope.
    """
    require_admin(db, caller)
    found = find_account(db, account_id, caller=caller.account_id)
    if found is None:
        raise NotFound("account")
    return found
