"""A Global Admin suspends an account."""

from sqlalchemy import Connection

from app.data.account_closures import request_account_closure
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.ids import AccountId
from app.domain.permissions import require_global_admin
from app.domain.revocation_request import Idempotency, Requested, RevocationKind, requested_of

__all__ = ["suspend_account"]


def suspend_account(
    db: Connection, *, caller: Caller, account_id: AccountId, idempotency: Idempotency | None = None
) -> Requested:
    """Nothing that the account has is valid from the commit on, and it can get nothing new until the suspension is lifted.

    Raises: Forbidden; NotFound for an unknown account; Conflict `last_global_admin`, and for an idempotency key that
    came with another request.
    """
    require_global_admin(caller)
    request = requested_of(
        caller,
        kind=RevocationKind.ACCOUNT_SUSPEND,
        reason=Reason.ACCOUNT_SUSPENDED,
        target_id=account_id,
        account_id=account_id,
        idempotency=idempotency,
    )
    return request_account_closure(db, request, account_id, mark="suspended_at")
