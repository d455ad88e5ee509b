"""Somebody wants to read names rather than ids."""

from collections.abc import Collection

from sqlalchemy import Connection

from app.data.account_names import emails_of
from app.domain.caller import Caller
from app.domain.permissions import require_no_support_session

__all__ = ["name_accounts"]


def name_accounts(db: Connection, *, caller: Caller, account_ids: Collection[str]) -> dict[str, str]:
    """The e-mail addresses, by id, of those of the accounts whose names the caller may know; ids are text.

    Raises: Forbidden in a support session.
    """
    require_no_support_session(caller)
    return emails_of(db, account_ids, caller=caller.account_id)
