"""Somebody looks at a page: who they are, and what time it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.data.rows import all_rows
from app.data.shown_grants import SupportStanding, find_standing
from app.domain.caller import Caller
from app.operations.read_own_account import OwnAccount, read_own_account

__all__ = ["Visitor", "read_visitor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The caller, their account with its roles, and the database's clock, by which a page tells ages.

    `support` says where a support session is, and until when; None outside of one.
    """

    caller: Caller
    account: OwnAccount
    now: datetime
    support: SupportStanding | None


def read_visitor(db: Connection, *, caller: Caller) -> Visitor:
    """The caller as a page greets them. Raises: NotFound for an account that was deleted meanwhile."""
    now: datetime = all_rows(db, "SELECT statement_timestamp() AS now")[0]["now"]
    return Visitor(
        caller=caller,
        account=read_own_account(db, account_id=caller.account_id),
        now=now,
        support=find_standing(db, caller.session_id) if caller.grant and caller.session_id else None,
    )
