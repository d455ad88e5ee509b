"""An organization extends or shortens a support grant."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.organizations import require_org_admin
from app.data.support_grant_ends import move_grant_end
from app.data.support_grants import SupportGrant, find_grant
from app.data.support_trail import database_now
from app.domain.caller import Caller
from app.domain.errors import Conflict, NotFound
from app.domain.ids import GrantId
from app.domain.support_access import check_grant_end

__all__ = ["update_support_grant"]


def update_support_grant(
    db: Connection, *, caller: Caller, org: str, grant_id: GrantId, expires_at: datetime, maximum: timedelta
) -> SupportGrant:
    """The grant ends at the new time; sockets under it go on until then, or close then.

    Raises: NotFound for an unknown grant or organization and a foreign one; Forbidden to a member; Invalid for a bad
    end; Conflict for a grant that is over.
    """
    organization = require_org_admin(db, caller, org)
    before = find_grant(db, grant_id, org_id=organization.org_id)
    if before is None:
        raise NotFound("support_grant")
    check_grant_end(expires_at, now=database_now(db), maximum=maximum)
    if not move_grant_end(db, grant_id, org_id=organization.org_id, expires_at=expires_at):
        raise Conflict("grant_is_over")
    record_audit_event(
        db,
        AuditEvent(
            type="support_grant_update",
            actor_id=caller.account_id,
            grant_id=grant_id,
            org_id=organization.org_id,
            credential_type=caller.credential_type,
            ip_address=caller.address,
            metadata={"from": before.expires_at.isoformat(), "to": expires_at.isoformat()},
        ),
    )
    after = find_grant(db, grant_id)
    assert after is not None
    return after
