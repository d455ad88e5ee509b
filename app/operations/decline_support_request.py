"""An organization declines a request for support access."""

from sqlalchemy import Connection

from app.data.organizations import require_org_admin
from app.data.support_requests import SupportRequest, decide_request, find_request
from app.data.support_trail import record_request
from app.domain.caller import Caller
from app.domain.errors import Conflict, NotFound
from app.domain.ids import SupportRequestId
from app.domain.support_access import RequestState

__all__ = ["decline_support_request"]


def decline_support_request(
    db: Connection, *, caller: Caller, org: str, request_id: SupportRequestId
) -> SupportRequest:
    """The request is declined, for good.

    Raises: NotFound for an unknown request or organization and a foreign one; Forbidden to a member; Conflict where it
    is decided or has lapsed.
    """
    organization = require_org_admin(db, caller, org)
    if find_request(db, request_id, org_id=organization.org_id) is None:
        raise NotFound("support_request")
    if not decide_request(db, request_id, decision=RequestState.DECLINED, by=caller.account_id):
        raise Conflict("request_is_over")
    declined = find_request(db, request_id, org_id=organization.org_id)
    assert declined is not None
    record_request(db, caller, declined, verb="decline")
    return declined
