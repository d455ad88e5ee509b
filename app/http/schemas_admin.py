"""The shapes of an account as admins see it."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.http.shapes import View

__all__ = ["AccountDetailsView", "AccountView"]


class AccountView(View):
    """An account; never its password's hash. `sockets` are those open now, as told within about a second."""

    id: UUID = Field(validation_alias="account_id")
    email: str
    display_name: str
    is_global_admin: bool
    created_at: datetime
    suspended_at: datetime | None
    live_sessions: int
    deleted_at: datetime | None
    live_tokens: int
    sockets: int


class RoleView(View):
    """An organization that the asking admin may know of, and the account's role in it."""

    org_id: UUID
    slug: str
    name: str
    role: str


class AccountDetailsView(View):
    """An account, and up to which instant what was issued to it is dead, and why."""

    account: AccountView = Field(validation_alias="summary")
    sessions_ended_at: datetime | None
    sessions_end_reason: str | None
    tokens_revoked_at: datetime | None
    tokens_end_reason: str | None
    signed_out_at: datetime | None
    organizations: list[RoleView]
