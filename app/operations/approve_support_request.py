"""An organization approves a request for support access, as it was made or narrower."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.data.organizations import require_org_admin
from app.data.support_grants import NewSupportGrant, SupportGrant, insert_grant
from app.data.support_requests import SupportRequest, decide_request, find_request
from app.data.support_trail import database_now, record_grant_saved, record_request
from app.domain.caller import Caller
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.ids import SupportRequestId
from app.domain.support_access import RequestState, check_grant_end
from app.operations.save_support_grant import check_names_a_global_admin

__all__ = ["approve_support_request"]


def approve_support_request(
    db: Connection,
    *,
    caller: Caller,
    org: str,
    request_id: SupportRequestId,
    expires_at: datetime | None = None,
    read_only: bool = False,
    maximum: timedelta,
) -> SupportGrant:
    """The grant exists, for whoever asked and nobody else; `expires_at` and `read_only` can only narrow it.

    Raises: NotFound for an unknown request or organization and a foreign one; Forbidden to a member; Invalid for an
    end that is past, or later than was asked for; Conflict where it is decided or has lapsed.
    """
    organization = require_org_admin(db, caller, org)
    request = find_request(db, request_id, org_id=organization.org_id)
    if request is None:
        raise NotFound("support_request")
    until = _checked_end(db, request, expires_at, maximum=maximum)
    check_names_a_global_admin(db, request.requested_by)
    grant = insert_grant(
        db,
        NewSupportGrant(
            org_id=organization.org_id,
            granted_by=caller.account_id,
            admin_account_id=request.requested_by,
            reason=request.reason,
            read_only=read_only or request.read_only,
            expires_at=until,
        ),
    )
    if not decide_request(
        db, request_id, decision=RequestState.APPROVED, by=caller.account_id, grant_id=grant.grant_id
    ):
        raise Conflict("request_is_over")
    record_grant_saved(db, caller, grant)
    decided = find_request(db, request_id, org_id=organization.org_id)
    assert decided is not None
    record_request(db, caller, decided, verb="approve")
    return grant


def _checked_end(
    db: Connection, request: SupportRequest, expires_at: datetime | None, *, maximum: timedelta
) -> datetime:
    until = request.wanted_until if expires_at is None else expires_at
    check_grant_end(until, now=database_now(db), maximum=maximum)
    if until > request.wanted_until:
        raise Invalid("expires_at", "later_than_was_asked_for")
    return until
