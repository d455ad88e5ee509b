"""An organization gives a Global Admin time-bounded support access."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.data.audit import AuditEvent, record_audit_event
from app.data.organizations import require_org_admin
from app.data.rows import one_row
from app.data.session_repository import SessionRepository
from app.data.support_grants import NewSupportGrant, SupportGrant
from app.domain.caller import Caller
from app.domain.errors import Invalid
from app.domain.ids import AccountId
from app.domain.support_access import check_grant_end

__all__ = ["save_support_grant"]

LONGEST_REASON = 500


def save_support_grant(
    db: Session,
    *,
    caller: Caller,
    org: str,
    expires_at: datetime,
    reason: str,
    admin_account_id: AccountId | None = None,
    read_only: bool = False,
    maximum: timedelta,
) -> SupportGrant:
    """The grant is usable until `expires_at`, by that Global Admin, or by any if none is named.

    Raises: NotFound for an unknown organization and a foreign one; Forbidden to a member; Invalid for a bad end,
    reason or name.
    """
    organization = require_org_admin(db, caller, org)
    check_grant_end(expires_at, now=_now(db), maximum=maximum)
    _check_admin(db, admin_account_id)
    grant = NewSupportGrant(
        org_id=organization.org_id,
        granted_by=caller.account_id,
        admin_account_id=admin_account_id,
        reason=_checked_reason(reason),
        read_only=read_only,
        expires_at=expires_at,
    )
    stored = SessionRepository(db).save_support_access_grant(grant)
    _record(db, caller, stored)
    return stored


def _now(db: Session) -> datetime:
    row = one_row(db, "SELECT clock_timestamp() AS now")
    assert row is not None
    now: datetime = row["now"]
    return now


def _check_admin(db: Session, admin_account_id: AccountId | None) -> None:
    if admin_account_id is None:
        return
    found = one_row(
        db,
        """
        SELECT id FROM account
         WHERE id = %(id)s AND is_global_admin AND suspended_at IS NULL AND deleted_at IS NULL
        """,
        id=admin_account_id,
    )
    if found is None:
        raise Invalid("admin_account_id", "not_a_global_admin")


def _checked_reason(reason: str) -> str:
    reason = reason.strip().replace("\0", "")
    if not reason:
        raise Invalid("reason", "empty")
    if len(reason) > LONGEST_REASON:
        raise Invalid("reason", f"longer_than_{LONGEST_REASON}_characters")
    return reason


def _record(db: Session, caller: Caller, grant: SupportGrant) -> None:
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
