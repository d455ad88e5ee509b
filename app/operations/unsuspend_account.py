"""A Global Admin lifts an account's suspension."""

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.rows import run
from app.data.scope import require_account_in_scope
from app.domain.caller import Caller
from app.domain.ids import AccountId
from app.domain.permissions import require_global_admin

__all__ = ["unsuspend_account"]


def unsuspend_account(db: Connection, *, caller: Caller, account_id: AccountId) -> None:
    """The account may sign in again. Nothing that the suspension ended is valid again, but for a daemon token.

    Repeating it changes nothing. Raises: Forbidden; NotFound for an unknown account.
    """
    require_global_admin(caller)
    require_account_in_scope(db, caller, account_id)
    lifted = run(
        db,
        "UPDATE account SET suspended_at = NULL WHERE id = %(id)s AND suspended_at IS NOT NULL",
        id=account_id,
    )
    if lifted:
        record_audit_event(
            db,
            AuditEvent(
                type="account_unsuspend",
                actor_id=caller.account_id,
                account_id=account_id,
                credential_type=caller.credential_type,
                ip_address=caller.address,
            ),
        )
