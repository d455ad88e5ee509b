"""A password is changed, and everything that was issued under the old one is dead."""

from sqlalchemy import Connection

from app.data.account_ends import request_account_end
from app.data.accounts import has_live_session, replace_password, take_instant
from app.data.revocation_requests import find_by_idempotency_key
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.errors import Unauthenticated
from app.domain.permissions import require_own_session
from app.domain.revocation_request import Idempotency, Requested, RevocationKind, requested_of

__all__ = ["change_password"]

CONCURRENT_CHANGE = "concurrent_change"


def change_password(
    db: Connection,
    *,
    caller: Caller,
    verified_hash: str,
    new_hash: str,
    idempotency: Idempotency | None = None,
) -> Requested:
    """The new hash, the stamps on sessions and API tokens, and the request to end the rest commit together.

    `verified_hash` is what the current password was verified against. Of two changes at once, one wins.

    Raises: Unauthenticated `concurrent_change` for the other one, and if the session has ended meanwhile; Conflict
    for an idempotency key that came with another request.
    """
    require_own_session(caller)
    assert caller.session_id is not None
    if take_instant(db, caller.account_id, only_active=True) is None:
        raise Unauthenticated(Reason.ACCOUNT_SUSPENDED)
    # Under the lock: a twin of this request may have changed the password just now.
    earlier = find_by_idempotency_key(db, caller.account_id, idempotency)
    if earlier is not None:
        return earlier
    if not replace_password(db, caller.account_id, verified_hash=verified_hash, new_hash=new_hash):
        raise Unauthenticated(CONCURRENT_CHANGE)
    if not has_live_session(db, caller.account_id, caller.session_id):
        raise Unauthenticated(Reason.SESSION_REVOKED)
    request = requested_of(
        caller,
        kind=RevocationKind.PASSWORD_CHANGE,
        reason=Reason.PASSWORD_CHANGED,
        target_id=caller.account_id,
        account_id=caller.account_id,
        idempotency=idempotency,
    )
    return request_account_end(
        db, request, caller.account_id, stamps={CredentialType.SESSION, CredentialType.API_TOKEN}
    )
