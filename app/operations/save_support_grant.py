"""An organization gives a Global Admin time-bounded support access."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.data.organizations import require_org_admin
from app.data.rows import one_row
from app.data.session_repository import SessionRepository
from app.data.support_grants import NewSupportGrant, SupportGrant
from app.data.support_trail import database_now, record_grant_saved
from app.domain.caller import Caller
from app.domain.errors import Invalid
from app.domain.ids import AccountId
from app.domain.support_access import check_grant_end, checked_reason

__all__ = ["check_names_a_global_admin", "save_support_grant"]


def save_support_grant(
    db: Connection,
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
    check_grant_end(expires_at, now=database_now(db), maximum=maximum)
    check_names_a_global_admin(db, admin_account_id)
    grant = NewSupportGrant(
        org_id=organization.org_id,
        granted_by=caller.account_id,
        admin_account_id=admin_account_id,
        reason=checked_reason(reason),
        read_only=read_only,
        expires_at=expires_at,
    )
    stored = SessionRepository(db).save_support_access_grant(grant)
    record_grant_saved(db, caller, stored)
    return stored


def check_names_a_global_admin(db: Connection, admin_account_id: AccountId | None) -> None:
    """Returns for one who may work under a grant, and where nobody is named. Raises: Invalid."""
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
