"""A Global Admin takes a request for support access back."""

from sqlalchemy import Connection

from app.data.organizations import find_organization
from app.data.support_requests import SupportRequest, decide_request, find_request
from app.data.support_trail import record_request
from app.domain.caller import Caller
from app.domain.errors import Conflict, NotFound
from app.domain.ids import SupportRequestId
from app.domain.permissions import require_no_support_session
from app.domain.support_access import RequestState

__all__ = ["withdraw_support_request"]


def withdraw_support_request(
    db: Connection, *, caller: Caller, org: str, request_id: SupportRequestId
) -> SupportRequest:
    """The request is withdrawn, for good; also by somebody who is no Global Admin any more.

    Raises: NotFound for an unknown request or organization, and for somebody else's request; Conflict where it is
    decided or has lapsed.
    """
    require_no_support_session(caller)
    organization = find_organization(db, org)
    if organization is None:
        raise NotFound("support_request")
    if find_request(db, request_id, org_id=organization.org_id, requested_by=caller.account_id) is None:
        raise NotFound("support_request")
    if not decide_request(db, request_id, decision=RequestState.WITHDRAWN, by=caller.account_id):
        raise Conflict("request_is_over")
    withdrawn = find_request(db, request_id, org_id=organization.org_id)
    assert withdrawn is not None
    record_request(db, caller, withdrawn, verb="withdraw")
    return withdrawn
