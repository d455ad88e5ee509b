"""Whether what an organization's page on support access shows has changed."""

from sqlalchemy import Connection

from app.data.organizations import require_org_admin
from app.data.shown_grants import support_marks
from app.domain.caller import Caller

__all__ = ["support_fingerprint"]


def support_fingerprint(db: Connection, *, caller: Caller, argument: str) -> str:
    """The same text as long as it has not; `argument` is the organization. Raises: NotFound, Forbidden, as the page does."""
    return support_marks(db, org_id=require_org_admin(db, caller, argument).org_id, admin=None)
