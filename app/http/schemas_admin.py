"""The shape of an account as admins see it."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.http.shapes import View

__all__ = ["AccountView"]


class AccountView(View):
    """An account; never its password's hash."""

    id: UUID = Field(validation_alias="account_id")
    email: str
    display_name: str
    is_global_admin: bool
    created_at: datetime
    suspended_at: datetime | None
    live_sessions: int
