"""Asking for the end of one's own session or API token: in one round trip, where nothing stands against it."""

from collections.abc import Callable

from app.data.engine import Database
from app.data.revocation_requests import new_request_from, request_parameters
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
    inserted = database.alone(_REQUEST, **request_parameters(request))
    return None if inserted is None else new_request_from(inserted)


_REQUEST = """
SELECT * FROM request_own_end(%(id)s, %(kind)s, %(reason)s, %(requested_by)s, %(target_id)s, %(requested_from)s,
                              %(credential_type)s, %(key)s, %(digest)s, %(traceparent)s)
"""
