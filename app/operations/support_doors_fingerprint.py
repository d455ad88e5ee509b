"""Whether what a Global Admin's page on support sessions shows has changed."""

from sqlalchemy import Connection

from app.data.shown_grants import support_marks
from app.domain.caller import Caller
from app.domain.permissions import require_global_admin

__all__ = ["support_doors_fingerprint"]


def support_doors_fingerprint(db: Connection, *, caller: Caller, argument: str) -> str:
    """The same text as long as it has not; `argument` is nothing. Raises: Forbidden to others."""
    require_global_admin(caller)
    return support_marks(db, org_id=None, admin=caller.account_id) + argument
