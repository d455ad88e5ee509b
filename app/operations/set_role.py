"""An account gets a role in an organization, or loses it."""

from typing import Literal

from sqlalchemy import Connection

from app.data.organizations import write_role
from app.domain.ids import AccountId, OrgId

__all__ = ["set_role"]


def set_role(
    db: Connection, *, account_id: AccountId, org_id: OrgId, role: Literal["member", "admin"] | None
) -> None:
    """The account has that role from its next request and message on; None takes the role away. No socket closes."""
    write_role(db, account_id=account_id, org_id=org_id, role=role)
