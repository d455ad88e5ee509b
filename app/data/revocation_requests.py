"""Asking for a revocation: the durable row, found again by idempotency key or by what it aims at."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.receipts import receipt_from
from app.data.rows import Row, one_row, run
from app.domain.errors import Conflict
from app.domain.ids import AccountId, RevocationId
from app.domain.revocation_request import Idempotency, Requested, RevocationRequest, RevocationTarget
from app.logs.tracing import traceparent

__all__ = [
    "answer_with",
    "find_by_idempotency_key",
    "find_by_target",
    "insert_nothing_to_end",
    "insert_request",
    "lock_target",
    "new_request_from",
    "request_once",
    "request_parameters",
    "request_what_is_over",
    "request_while_live",
]


def insert_request(db: Connection, request: RevocationRequest) -> Requested:
    """The request is on record; the one of before if its idempotency key came already, also at the same moment.

    Raises: Conflict if that key came with a different request.
    """
    return _inserted(db, request, is_over=False)


def request_while_live(
    db: Connection, request: RevocationRequest, *, live: str, ended_by: Callable[[], RevocationId | None]
) -> Requested:
    """The end of the locked target is on record, once: a new request, if the target is live and none is pending.

    `live` says so in SQL, of the target `%(target_id)s`. It is asked in the statement that inserts: whoever performs a pending
    request ends the target in the same transaction, so one snapshot sees both or neither. What is over gets the
    revocation that `ended_by` names, or else the latest of this kind. The request names an account.
    """
    requested = _insert(db, request, is_over=False, only_if=f"{live} AND {_NONE_IS_PENDING}")
    if requested is not None:
        return requested
    pending = find_by_target(db, request, only_pending=True)
    known = ended_by() if pending is None else pending.revocation_id
    return request_what_is_over(db, request) if known is None else answer_with(db, request, known)


def insert_nothing_to_end(db: Connection, request: RevocationRequest) -> Requested:
    """There is a receipt for a request whose target was over already: performed, with nothing ended and nothing to tell.

    Raises: Conflict as `insert_request` does.
    """
    requested = _inserted(db, request, is_over=True)
    return Requested(revocation_id=requested.revocation_id, is_new=False)


def find_by_idempotency_key(
    db: Connection, requested_by: AccountId | None, idempotency: Idempotency | None
) -> Requested | None:
    """The revocation that answered this account's request under that key; None for a new key, or none at all.

    Until the end of this transaction, nobody else asks under it. Raises: Conflict if the request was a different one.
    """
    if idempotency is None:
        return None
    run(db, _LOCK_KEY, requested_by=str(requested_by), key=idempotency.key)
    row = one_row(
        db,
        """
        SELECT id, request_digest FROM revocation
         WHERE requested_by = %(requested_by)s AND idempotency_key = %(key)s
        UNION ALL
        SELECT revocation_id, request_digest FROM answered_request
         WHERE requested_by = %(requested_by)s AND idempotency_key = %(key)s
        """,
        requested_by=requested_by,
        key=idempotency.key,
    )
    if row is None:
        return None
    if row["request_digest"] != idempotency.request_digest:
        raise Conflict("idempotency_key_reused")
    return Requested(revocation_id=RevocationId(row["id"]), is_new=False)


def request_once(
    db: Connection,
    request: RevocationRequest,
    *,
    is_live: bool,
    look_again: Callable[[], bool],
) -> Requested:
    """The end of the locked target is on record, once: the pending request if there is one, else a new one.

    What is over has nothing to perform, publish or audit: it gets the latest revocation of this kind. The target's lock keeps others from asking, not from performing; so where nothing is found
    pending, `look_again` says whether it is live still, since it may have been performed between two statements.
    """
    pending = find_by_target(db, request, only_pending=True) if is_live else None
    if pending is not None:
        return answer_with(db, request, pending.revocation_id)
    if is_live and look_again():
        return insert_request(db, request)
    return request_what_is_over(db, request)


def request_what_is_over(db: Connection, request: RevocationRequest) -> Requested:
    """The latest revocation of this kind and target answers; where there is none, one with nothing to end does."""
    latest = find_by_target(db, request, only_pending=False)
    return (
        insert_nothing_to_end(db, request)
        if latest is None
        else answer_with(db, request, latest.revocation_id)
    )


def answer_with(db: Connection, request: RevocationRequest, revocation_id: RevocationId) -> Requested:
    """That revocation answers the request, and will again under its idempotency key."""
    key = request.idempotency
    if key is not None:
        run(
            db,
            """
            INSERT INTO answered_request (requested_by, idempotency_key, request_digest, revocation_id)
            VALUES (%(requested_by)s, %(key)s, %(digest)s, %(revocation_id)s)
            """,
            requested_by=request.requested_by,
            key=key.key,
            digest=key.request_digest,
            revocation_id=revocation_id,
        )
    return Requested(revocation_id=revocation_id, is_new=False)


def lock_target(db: Connection, target_id: RevocationTarget) -> None:
    """Until the end of this transaction, nobody else asks for a revocation of that target.

    An advisory lock, so that a row that somebody holds in `psql` does not hold up the request.
    """
    run(
        db,
        "SELECT pg_advisory_xact_lock(hashtextextended('cutoff: target ' || %(target)s, 0))",
        target=str(target_id),
    )


def find_by_target(db: Connection, request: RevocationRequest, *, only_pending: bool) -> Requested | None:
    """The latest revocation of the same kind and target; with `only_pending`, only one that is not performed yet."""
    row = one_row(
        db,
        """
        SELECT id FROM revocation
         WHERE (account_id = %(account_id)s OR (%(account_id)s::uuid IS NULL AND account_id IS NULL))
           AND target_id = %(target_id)s AND kind = %(kind)s
           AND (performed_at IS NULL OR NOT %(only_pending)s)
         ORDER BY requested_at DESC LIMIT 1
        """,
        account_id=request.account_id,
        target_id=request.target_id,
        kind=request.kind,
        only_pending=only_pending,
    )
    return None if row is None else Requested(revocation_id=RevocationId(row["id"]), is_new=False)


def request_parameters(request: RevocationRequest) -> dict[str, Any]:
    """What a statement is given that puts it on record, under an id of its own."""
    key = request.idempotency
    return {
        "id": uuid7(),
        "kind": request.kind,
        "reason": request.reason,
        "account_id": request.account_id,
        "org_id": request.org_id,
        "target_id": request.target_id,
        "sparing_session_id": request.sparing_session_id,
        "issued_up_to": request.issued_up_to,
        "requested_by": request.requested_by,
        "requested_from": request.requested_from,
        "credential_type": request.credential_type,
        "key": None if key is None else key.key,
        "digest": None if key is None else key.request_digest,
        "traceparent": traceparent(),
    }


def new_request_from(inserted: Row) -> Requested:
    """The answer to a request whose row has been inserted."""
    receipt = receipt_from(inserted)
    return Requested(revocation_id=receipt.revocation_id, is_new=True, receipt=receipt)


def _inserted(db: Connection, request: RevocationRequest, *, is_over: bool) -> Requested:
    inserted = _insert(db, request, is_over=is_over)
    earlier = inserted or find_by_idempotency_key(db, request.requested_by, request.idempotency)
    assert earlier is not None, "only its idempotency key can keep a request out"
    return earlier


def _insert(
    db: Connection, request: RevocationRequest, *, is_over: bool, only_if: str = "true"
) -> Requested | None:
    """None, and nothing is there, where its idempotency key came already, or `only_if` does not hold."""
    inserted = one_row(
        db,
        f"""
        INSERT INTO revocation (id, kind, source, reason, account_id, org_id, target_id, sparing_session_id,
                                issued_up_to, requested_by, requested_from, credential_type,
                                idempotency_key, request_digest, traceparent, performed_at, published_at, audited_at)
        SELECT %(id)s, %(kind)s, 'request', %(reason)s, %(account_id)s, %(org_id)s, %(target_id)s,
               %(sparing_session_id)s, %(issued_up_to)s, %(requested_by)s, %(requested_from)s, %(credential_type)s,
               %(key)s, %(digest)s, %(traceparent)s, over.at, over.at, over.at
          FROM (SELECT CASE WHEN %(is_over)s THEN clock_timestamp() END AS at) AS over
         WHERE {only_if}
        ON CONFLICT (requested_by, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
        RETURNING *
        """,  # noqa: S608 - a constant
        **request_parameters(request),
        is_over=is_over,
    )
    return None if inserted is None else new_request_from(inserted)


_NONE_IS_PENDING = """
NOT EXISTS (SELECT FROM revocation pending
             WHERE pending.account_id = %(account_id)s AND pending.target_id = %(target_id)s
               AND pending.kind = %(kind)s AND pending.performed_at IS NULL)
"""
_LOCK_KEY = """
SELECT pg_advisory_xact_lock(hashtextextended('cutoff: key ' || %(requested_by)s || ' ' || %(key)s, 0))
"""
