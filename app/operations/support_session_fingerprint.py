"""Whether what the banner of a support session says has changed: its end may be moved."""

from sqlalchemy import Connection

from app.data.shown_grants import SupportStanding, find_standing
from app.domain.caller import Caller
from app.domain.errors import Forbidden, NotFound

__all__ = ["standing_of", "support_session_fingerprint"]


def support_session_fingerprint(db: Connection, *, caller: Caller, argument: str) -> str:
    """The same text as long as it has not; `argument` is nothing. Raises: Forbidden outside a support session."""
    return repr(standing_of(db, caller)) + argument


def standing_of(db: Connection, caller: Caller) -> SupportStanding:
    """Where the support session is, and until when. Raises: Forbidden outside of one; NotFound for one that is gone."""
    if caller.grant is None or caller.session_id is None:
        raise Forbidden("support_session")
    standing = find_standing(db, caller.session_id)
    if standing is None:
        raise NotFound("support_session")
    return standing
