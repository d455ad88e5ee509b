"""Asking for an end of everything of one kind that an account has: the request and the stamp commit together."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection

from app.data.accounts import stamp_ended, take_instant
from app.data.revocation_requests import find_by_idempotency_key, insert_request
from app.data.revocations import closures_of, mark_transaction
from app.domain.credentials import CredentialType
from app.domain.errors import NotFound
from app.domain.ids import AccountId
from app.domain.revocation_request import Requested, RevocationRequest

__all__ = ["request_account_end"]


def request_account_end(
    db: Connection, request: RevocationRequest, account_id: AccountId, *, stamps: Collection[CredentialType]
) -> Requested:
    """From the commit on, what was issued to the account so far is dead, as far as `stamps` names its type.

    Without stamps (all but this session) only the instant is noted, up to which the task will end them. The same
    idempotency key again changes nothing, also at the same moment.

    Raises: NotFound for an unknown or deleted account; Conflict for a key that came with another request.
    """
    earlier = find_by_idempotency_key(db, request.requested_by, request.idempotency)
    if earlier is not None:
        return earlier
    instant = take_instant(db, account_id)
    if instant is None:
        raise NotFound("account")
    requested = insert_request(db, replace(request, issued_up_to=instant))
    if requested.is_new and stamps:
        mark_transaction(db, requested.revocation_id)
        stamp_ended(db, account_id, instant, types=stamps, reason=request.reason)
        return replace(requested, stamped=closures_of(db, requested.revocation_id))
    return requested
