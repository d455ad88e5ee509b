"""Somebody revokes all of their own API tokens."""

from sqlalchemy import Connection

from app.data.account_ends import request_account_end
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.permissions import require_own_session
from app.domain.revocation_request import Idempotency, Requested, RevocationKind, requested_of

__all__ = ["revoke_all_own_api_tokens"]


def revoke_all_own_api_tokens(
    db: Connection, *, caller: Caller, idempotency: Idempotency | None = None
) -> Requested:
    """All API tokens issued so far are dead from the commit on.

    Raises: Forbidden outside an own session; Conflict for an idempotency key that came with another request.
    """
    require_own_session(caller)
    request = requested_of(
        caller,
        kind=RevocationKind.TOKEN_REVOKE_ALL,
        reason=Reason.ALL_TOKENS_REVOKED,
        target_id=caller.account_id,
        account_id=caller.account_id,
        idempotency=idempotency,
    )
    return request_account_end(db, request, caller.account_id, stamps=(CredentialType.API_TOKEN,))
