"""An admin ends somebody's session."""

from sqlalchemy import Connection

from app.data.scope import require_admin
from app.data.session_rows import find_session_in_scope
from app.data.single_ends import request_session_end
from app.domain.caller import Caller
from app.domain.ids import SessionId
from app.domain.revocation_request import Idempotency, Requested

__all__ = ["end_account_session"]


def end_account_session(
    db: Connection, *, caller: Caller, session_id: SessionId, idempotency: Idempotency | None = None
) -> Requested:
    """The end of the session is on record. One that has ended already succeeds, with the receipt that there is.

    Raises: Forbidden; NotFound for an unknown id and one out of the admin's scope; Conflict for an idempotency key
    that came with another request.
    """
    require_admin(db, caller)
    return request_session_end(
        db,
        caller=caller,
        session_id=session_id,
        find=lambda: find_session_in_scope(db, session_id, caller=caller.account_id),
        idempotency=idempotency,
    )
