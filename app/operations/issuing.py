"""What everything that mints a credential for somebody who is signed in begins with."""

from datetime import datetime

from sqlalchemy import Connection

from app.data.accounts import has_live_session, take_instant
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.errors import Unauthenticated

__all__ = ["take_issue_instant"]


def take_issue_instant(db: Connection, caller: Caller) -> datetime:
    """When the credential is issued; the account's row is locked, and lives, and so does the session that asks.

    Raises: Unauthenticated if either has ended meanwhile.
    """
    assert caller.session_id is not None
    issued_at = take_instant(db, caller.account_id, only_active=True)
    if issued_at is None or not has_live_session(db, caller.account_id, caller.session_id):
        raise Unauthenticated(Reason.SESSION_REVOKED)
    return issued_at
