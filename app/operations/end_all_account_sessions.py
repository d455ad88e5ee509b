"""An admin ends all of somebody's sessions."""

from sqlalchemy import Connection

from app.data.account_ends import request_account_end
from app.data.scope import require_account_in_scope
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId
from app.domain.revocation_request import Idempotency, Requested, RevocationKind, requested_of

__all__ = ["end_all_account_sessions"]


def end_all_account_sessions(
    db: Connection, *, caller: Caller, account_id: AccountId, idempotency: Idempotency | None = None
) -> Requested:
    """All sessions of the account issued so far are dead from the commit on.

    Raises: Forbidden; NotFound for an unknown account and one out of the admin's scope; Conflict for an idempotency
    key that came with another request.
    """
    require_account_in_scope(db, caller, account_id)
    request = requested_of(
        caller,
        kind=RevocationKind.SESSION_REVOKE_ALL,
        reason=Reason.ALL_SESSIONS_REVOKED,
        target_id=account_id,
        account_id=account_id,
        idempotency=idempotency,
    )
    return request_account_end(db, request, account_id, stamps=(CredentialType.SESSION,))
