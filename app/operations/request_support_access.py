"""A Global Admin asks an organization for support access."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.data.organizations import find_organization
from app.data.support_requests import NewSupportRequest, SupportRequest, insert_request
from app.data.support_trail import database_now, record_request
from app.domain.caller import Caller
from app.domain.errors import Conflict, NotFound
from app.domain.permissions import require_global_admin
from app.domain.support_access import check_grant_end, checked_reason

__all__ = ["request_support_access"]


def request_support_access(
    db: Connection,
    *,
    caller: Caller,
    org: str,
    expires_at: datetime,
    reason: str,
    read_only: bool = False,
    maximum: timedelta,
) -> SupportRequest:
    """The organization's admins see the request, and have been told; it lapses by itself.

    Raises: Forbidden to whoever is no Global Admin; NotFound for an unknown organization; Invalid for a bad end or
    reason; Conflict while an earlier request of this person is pending there.
    """
    require_global_admin(caller)
    organization = find_organization(db, org)
    if organization is None:
        raise NotFound("organization")
    check_grant_end(expires_at, now=database_now(db), maximum=maximum)
    wanted = NewSupportRequest(
        org_id=organization.org_id,
        requested_by=caller.account_id,
        reason=checked_reason(reason),
        read_only=read_only,
        wanted_until=expires_at,
    )
    made = insert_request(db, wanted)
    if made is None:
        raise Conflict("request_is_pending")
    record_request(db, caller, made, verb="make")
    return made
