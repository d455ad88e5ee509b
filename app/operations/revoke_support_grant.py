"""An organization revokes a support grant before its end."""

from sqlalchemy import Connection

from app.data.organizations import require_org_admin
from app.data.revocation_requests import find_by_idempotency_key, lock_target, request_once
from app.data.support_grants import find_grant
from app.domain.caller import Caller
from app.domain.closing import Reason
from app.domain.errors import NotFound
from app.domain.ids import GrantId
from app.domain.revocation_request import Idempotency, Requested, RevocationKind, requested_of

__all__ = ["revoke_support_grant"]


def revoke_support_grant(
    db: Connection, *, caller: Caller, org: str, grant_id: GrantId, idempotency: Idempotency | None = None
) -> Requested:
    """The end of the grant, and of the sessions opened under it, is on record. One that is over already succeeds.

    Raises: NotFound for an unknown grant or organization and a foreign one; Forbidden to a member; Conflict for an
    idempotency key that came with another request.
    """
    organization = require_org_admin(db, caller, org)
    earlier = find_by_idempotency_key(db, caller.account_id, idempotency)
    if earlier is not None:
        return earlier
    lock_target(db, grant_id)

    def is_usable() -> bool:
        latest = find_grant(db, grant_id, org_id=organization.org_id)
        return latest is not None and latest.is_usable

    grant = find_grant(db, grant_id, org_id=organization.org_id)
    if grant is None:
        raise NotFound("support_grant")
    request = requested_of(
        caller,
        kind=RevocationKind.SUPPORT_GRANT_END,
        reason=Reason.SUPPORT_ACCESS_REVOKED,
        target_id=grant_id,
        account_id=None,
        org_id=organization.org_id,
        idempotency=idempotency,
    )
    return request_once(db, request, is_live=grant.is_usable, look_again=is_usable)
