"""A refused attempt is recorded. Such an event closes nothing: its ids were chosen by whoever tried."""

from uuid import UUID

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.domain.caller import Caller
from app.domain.ids import AccountId, OrgId

__all__ = ["record_refusal"]


def record_refusal(
    db: Connection,
    *,
    type: str,  # noqa: A002 - the column's name
    caller: Caller | None = None,
    account_id: AccountId | None = None,
    attempted_id: UUID | str | None = None,
    reason: str,
    address: str,
    org_id: OrgId | None = None,
) -> None:
    """The trail has the failure, under the account of whoever tried unless another is named, without a target."""
    actor = None if caller is None else caller.account_id
    record_audit_event(
        db,
        AuditEvent(
            type=type,
            is_success=False,
            actor_id=actor,
            account_id=account_id or actor,
            org_id=org_id,
            credential_type=None if caller is None else caller.credential_type,
            reason=reason,
            ip_address=address,
            metadata={} if attempted_id is None else {"attempted_id": str(attempted_id)},
        ),
    )
