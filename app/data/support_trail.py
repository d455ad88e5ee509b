"""What the trail says about support access being given and asked for, and the clock that its times are compared with."""

from datetime import datetime

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.rows import one_row
from app.data.support_grants import SupportGrant
from app.data.support_requests import SupportRequest
from app.domain.caller import Caller

__all__ = ["database_now", "record_grant_saved", "record_request"]


def database_now(db: Connection) -> datetime:
    """The instant, on the database's clock."""
    row = one_row(db, "SELECT clock_timestamp() AS now")
    assert row is not None
    now: datetime = row["now"]
    return now


def record_grant_saved(db: Connection, caller: Caller, grant: SupportGrant) -> None:
    """The trail says who gave the grant, to whom, until when."""
    record_audit_event(
        db,
        AuditEvent(
            type="support_grant_save",
            actor_id=caller.account_id,
            account_id=grant.admin_account_id,
            grant_id=grant.grant_id,
            org_id=grant.org_id,
            credential_type=caller.credential_type,
            ip_address=caller.address,
            metadata={"expires_at": grant.expires_at.isoformat(), "read_only": grant.read_only},
        ),
    )


def record_request(db: Connection, caller: Caller, request: SupportRequest, *, verb: str) -> None:
    """The trail says who made, approved, declined or withdrew the request (`verb`), and whose it is."""
    record_audit_event(
        db,
        AuditEvent(
            type=f"support_request_{verb}",
            actor_id=caller.account_id,
            account_id=request.requested_by,
            grant_id=request.grant_id,
            org_id=request.org_id,
            credential_type=caller.credential_type,
            ip_address=caller.address,
            metadata={"request_id": str(request.request_id), "until": request.wanted_until.isoformat()},
        ),
    )
