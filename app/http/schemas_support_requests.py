"""The shapes of requests for support access."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, StrictBool

from app.http.shapes import Body, Instant, Prose, View

__all__ = ["ApprovalBody", "SupportRequestBody", "SupportRequestView"]


class SupportRequestBody(Body):
    """Until when, why, and whether reading will do."""

    expires_at: Instant
    reason: Prose
    read_only: StrictBool = False


class ApprovalBody(Body):
    """As it was asked for, or narrower: an earlier end, only to read."""

    expires_at: Instant | None = None
    read_only: StrictBool = False


class SupportRequestView(View):
    """A request and where it stands: pending, approved (with its grant), declined, withdrawn or lapsed."""

    id: UUID = Field(validation_alias="request_id")
    org_id: UUID
    requested_by: UUID
    reason: str
    read_only: bool
    expires_at: datetime = Field(validation_alias="wanted_until")
    created_at: datetime
    lapses_at: datetime
    state: str
    decided_at: datetime | None
    decided_by: UUID | None
    grant_id: UUID | None
