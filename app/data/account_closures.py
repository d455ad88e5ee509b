"""Asking for an account to be shut: suspended, or deleted. The mark on its row commits with the request."""

from dataclasses import replace
from typing import Literal

from sqlalchemy import Connection

from app.data.accounts import is_last_global_admin, lock_global_admins, take_instant
from app.data.revocation_requests import (
    find_by_idempotency_key,
    insert_request,
    lock_target,
    request_what_is_over,
)
from app.data.revocations import closures_of, mark_transaction
from app.data.rows import one_row, run
from app.domain.errors import Conflict, NotFound
from app.domain.ids import AccountId
from app.domain.revocation_request import Requested, RevocationRequest

__all__ = ["request_account_closure"]

LAST_GLOBAL_ADMIN = "last_global_admin"


def request_account_closure(
    db: Connection,
    request: RevocationRequest,
    account_id: AccountId,
    *,
    mark: Literal["suspended_at", "deleted_at"],
) -> Requested:
    """From the commit on, nothing of the account is valid. One that was so marked already succeeds, with its receipt.

    Raises: NotFound for an unknown account, and for suspending a deleted one; Conflict `last_global_admin`, and for an
    idempotency key that came with another request.
    """
    earlier = find_by_idempotency_key(db, request.requested_by, request.idempotency)
    if earlier is not None:
        return earlier
    lock_target(db, account_id)
    account = one_row(db, "SELECT suspended_at, deleted_at FROM account WHERE id = %(id)s", id=account_id)
    if account is None or (mark == "suspended_at" and account["deleted_at"] is not None):
        raise NotFound("account")
    if account[mark] is not None:
        return request_what_is_over(db, request)
    return _close(db, request, account_id, statement=_MARK[mark])


def _close(db: Connection, request: RevocationRequest, account_id: AccountId, *, statement: str) -> Requested:
    lock_global_admins(db)
    if is_last_global_admin(db, account_id):
        raise Conflict(LAST_GLOBAL_ADMIN)
    instant = take_instant(db, account_id)
    if instant is None:  # deleted with `psql`, just now
        raise NotFound("account")
    requested = insert_request(db, replace(request, issued_up_to=instant))
    if requested.is_new:
        mark_transaction(db, requested.revocation_id)
        run(db, statement, id=account_id, instant=instant)
        return replace(requested, stamped=closures_of(db, requested.revocation_id))
    return requested


_MARK = {
    "suspended_at": "UPDATE account SET suspended_at = %(instant)s WHERE id = %(id)s AND suspended_at IS NULL",
    "deleted_at": "UPDATE account SET deleted_at = %(instant)s WHERE id = %(id)s AND deleted_at IS NULL",
}
