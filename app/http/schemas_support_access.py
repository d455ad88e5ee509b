"""The shapes of support access: grants, and the sessions opened under them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, StrictBool

from app.http.path_ids import StrictUuid
from app.http.shapes import Body, Instant, Prose, View

__all__ = ["GrantBody", "GrantEndBody", "GrantView", "SupportSessionBody", "SupportSessionView"]


class GrantBody(Body):
    """Until when, why, and whom (null: any Global Admin)."""

    expires_at: Instant
    reason: Prose
    admin_account_id: StrictUuid | None = None
    read_only: StrictBool = False


class GrantEndBody(Body):
    """The grant's new end, later or earlier."""

    expires_at: Instant


class GrantView(View):
    """A grant, and what use was made of it."""

    id: UUID = Field(validation_alias="grant_id")
    org_id: UUID
    granted_by: UUID
    admin_account_id: UUID | None
    reason: str
    read_only: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: UUID | None
    last_used_at: datetime | None
    last_used_by: UUID | None
    use_count: int
    is_usable: bool


class SupportSessionBody(Body):
    """Under which grant (null: the one that is open to the caller) and what for (null: what it was given for).

    `cookie`: in a cookie rather than as a token.
    """

    grant_id: StrictUuid | None = None
    purpose: Prose | None = None
    cookie: StrictBool = False


class SupportSessionView(View):
    """A session that is good for the grant's organization. The token is shown this once; null where it is in a cookie."""

    session_id: UUID
    session_token: str | None
    expires_at: datetime
    grant: GrantView
