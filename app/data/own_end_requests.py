"""Asking for the end of one's own session or API token: in one round trip, where nothing stands against it."""

from collections.abc import Callable

from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.receipts import receipt_from
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.ids import ApiTokenId, SessionId
from app.domain.revocation_request import (
    Idempotency,
    Requested,
    RevocationKind,
    RevocationRequest,
    requested_of,
)
from app.logs.tracing import traceparent

__all__ = ["request_own_end"]


def request_own_end(
    database: Database,
    otherwise: Callable[..., Requested],
    *,
    caller: Caller,
    kind: RevocationKind,
    reason: Reason,
    target_id: SessionId | ApiTokenId,
    idempotency: Idempotency | None,
) -> Requested:
    """The request is committed: by itself if the target is live, its owner's, and nobody has asked before; else as `otherwise` has it.

    That is run in a transaction, with `db`, the caller and the idempotency key. Raises: what it raises.
    """
    request = requested_of(
        caller,
        kind=kind,
        reason=reason,
        target_id=target_id,
        account_id=caller.account_id,
        idempotency=idempotency,
    )
    return _request_alone(database, request) or database.transact(
        otherwise, caller=caller, idempotency=idempotency
    )


def _request_alone(database: Database, request: RevocationRequest) -> Requested | None:
    """None, and nothing is on record, where there is more to look at."""
    key = request.idempotency
    inserted = database.alone(
        _REQUEST,
        id=uuid7(),
        kind=request.kind,
        reason=request.reason,
        owner=request.requested_by,
        target=request.target_id,
        address=request.requested_from,
        credential=request.credential_type,
        key=None if key is None else key.key,
        digest=None if key is None else key.request_digest,
        trace=traceparent(),
    )
    if inserted is None:
        return None
    receipt = receipt_from(inserted)
    return Requested(revocation_id=receipt.revocation_id, is_new=True, receipt=receipt)


_REQUEST = """
SELECT * FROM request_own_end(%(id)s, %(kind)s, %(reason)s, %(owner)s, %(target)s, %(address)s, %(credential)s, %(key)s,
                              %(digest)s, %(trace)s)
"""
