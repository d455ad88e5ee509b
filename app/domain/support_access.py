"""Time-bounded support access: which ends an organization may give a grant, and who may use it."""

from datetime import datetime, timedelta

from app.domain.errors import Invalid
from app.domain.ids import AccountId

__all__ = ["check_grant_end", "may_open_support_session"]


def check_grant_end(expires_at: datetime, *, now: datetime, maximum: timedelta) -> None:
    """Returns if a grant may end then. Raises: Invalid for a time without zone, not in the future, or too late."""
    if expires_at.tzinfo is None:
        raise Invalid("expires_at", "has_no_time_zone")
    if expires_at <= now:
        raise Invalid("expires_at", "not_in_the_future")
    if expires_at > now + maximum:
        raise Invalid("expires_at", "beyond_the_maximum")


def may_open_support_session(
    *, is_global_admin: bool, account_id: AccountId, named: AccountId | None
) -> bool:
    """Whether that account may work under the grant: a Global Admin, and the one it names if it names one."""
    return is_global_admin and (named is None or named == account_id)
