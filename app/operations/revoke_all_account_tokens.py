"""A Global Admin revokes all of somebody's API tokens."""

from sqlalchemy import Connection

from app.data.account_ends import request_account_end
from app.data.scope import require_account_in_scope
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId
from app.domain.permissions import require_global_admin
from app.domain.revocation_request import Idempotency, Requested, RevocationKind, requested_of

__all__ = ["revoke_all_account_tokens"]


def revoke_all_account_tokens(
    db: Connection, *, caller: Caller, account_id: AccountId, idempotency: Idempotency | None = None
) -> Requested:
    """All API tokens of the account issued so far are dead from the commit on.

    Raises: Forbidden; NotFound for an unknown account; Conflict for an idempotency key that came with another request.
    """
    require_global_admin(caller)
    require_account_in_scope(db, caller, account_id)
    request = requested_of(
        caller,
        kind=RevocationKind.TOKEN_REVOKE_ALL,
        reason=Reason.ALL_TOKENS_REVOKED,
        target_id=account_id,
        account_id=account_id,
        idempotency=idempotency,
    )
    return request_account_end(db, request, account_id, stamps=(CredentialType.API_TOKEN,))
