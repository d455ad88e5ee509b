"""Somebody revokes one of their own API tokens."""

from functools import partial

from sqlalchemy import Connection

from app.data.api_tokens import find_api_token
from app.data.engine import Database
from app.data.own_end_requests import request_own_end
from app.data.single_ends import request_token_end
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.ids import ApiTokenId
from app.domain.permissions import require_own_session
from app.domain.revocation_request import Idempotency, Requested, RevocationKind

__all__ = ["revoke_own_api_token", "revoke_own_api_token_at_once"]


def revoke_own_api_token(
    db: Connection, *, caller: Caller, api_token_id: ApiTokenId, idempotency: Idempotency | None = None
) -> Requested:
    """The end of the token is on record. One that has ended already succeeds, with the receipt that there is.

    Raises: Forbidden outside an own session; NotFound for an unknown id and for somebody else's; Conflict for an
    idempotency key that came with another request.
    """
    require_own_session(caller)
    return request_token_end(
        db,
        caller=caller,
        api_token_id=api_token_id,
        find=lambda: find_api_token(db, api_token_id, owner=caller.account_id),
        idempotency=idempotency,
    )


def revoke_own_api_token_at_once(
    database: Database, *, caller: Caller, api_token_id: ApiTokenId, idempotency: Idempotency | None = None
) -> Requested:
    """What `revoke_own_api_token` does, committed; in one round trip where the token is live and nobody has asked before."""
    require_own_session(caller)
    return request_own_end(
        database,
        partial(revoke_own_api_token, api_token_id=api_token_id),
        caller=caller,
        kind=RevocationKind.TOKEN_REVOKE,
        reason=Reason.TOKEN_REVOKED,
        target_id=api_token_id,
        idempotency=idempotency,
    )
