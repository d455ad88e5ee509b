"""Time-bounded support access: which ends an organization may give a grant, and who may use it."""

from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.errors import Invalid
from app.domain.ids import AccountId

__all__ = [
    "LONGEST_REASON",
    "REQUEST_LAPSES_AFTER",
    "RequestState",
    "check_grant_end",
    "checked_reason",
    "may_open_support_session",
]

LONGEST_REASON = 500
REQUEST_LAPSES_AFTER = timedelta(days=7)


class RequestState(StrEnum):
    """Where a request for support access stands; all but `pending` are final."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


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


def checked_reason(reason: str, *, field: str = "reason") -> str:
    """The reason as it is stored. Raises: Invalid for an empty one, and for one that is too long."""
    reason = reason.strip().replace("\0", "")
    if not reason:
        raise Invalid(field, "empty")
    if len(reason) > LONGEST_REASON:
        raise Invalid(field, f"longer_than_{LONGEST_REASON}_characters")
    return reason
