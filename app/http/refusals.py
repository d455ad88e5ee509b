"""A refused attempt to end something is on record, with outcome `failure`; it closes nothing."""

from uuid import UUID

import structlog
from fastapi import Request

from app.domain.caller import Caller
from app.domain.errors import Conflict, CutoffError, NotFound, Refused, Unauthenticated
from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of
from app.http.identity import address_of
from app.operations.record_refusal import record_refusal

__all__ = ["record_refusal_of"]

_log = structlog.get_logger(__name__)


async def record_refusal_of(
    request: Request,
    caller: Caller,
    refused: Refused,
    *,
    kind: RevocationKind,
    attempted_id: UUID | None = None,
) -> None:
    """The event stands under the caller's account, with the id that was tried; failing to write it changes no answer."""
    reason = _reason(refused)
    if reason is None:
        return
    try:
        await deps_of(request).bridge.run(
            record_refusal,
            type=kind,
            caller=caller,
            attempted_id=None if attempted_id is None else str(attempted_id),
            reason=reason,
            address=address_of(request),
        )
    except CutoffError as error:
        _log.warning("refusal_not_recorded", type=kind, error=error.__class__.__name__)


def _reason(refused: Refused) -> str | None:
    """The word for the record; None for what is no attempt on anything (a bad value, a key used twice)."""
    match refused:
        case NotFound():
            return "not_found"
        case Unauthenticated(reason=reason):
            return reason
        case Conflict(rule=rule) if rule != "idempotency_key_reused":
            return rule
        case _:
            return None
