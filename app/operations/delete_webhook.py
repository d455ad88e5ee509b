"""An organization wants its notices delivered nowhere."""

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.organizations import require_org_admin
from app.data.webhooks import delete_webhook_of
from app.domain.caller import Caller
from app.domain.errors import NotFound

__all__ = ["delete_webhook"]


def delete_webhook(db: Connection, *, caller: Caller, org: str) -> None:
    """Nothing is delivered any more, not even what was waiting; the notices themselves stay.

    Raises: NotFound for an unknown organization, a foreign one and one without a webhook; Forbidden to a member.
    """
    organization = require_org_admin(db, caller, org)
    if not delete_webhook_of(db, organization.org_id):
        raise NotFound("webhook")
    record_audit_event(
        db,
        AuditEvent(
            type="webhook_delete",
            actor_id=caller.account_id,
            org_id=organization.org_id,
            credential_type=caller.credential_type,
            ip_address=caller.address,
        ),
    )
