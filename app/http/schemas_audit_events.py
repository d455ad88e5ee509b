"""The shape of an audit event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.http.shapes import View

__all__ = ["AuditEventView"]


class AuditEventView(View):
    """What happened, who did it, and to what. Ids are text: those of failures were chosen by whoever tried."""

    id: UUID = Field(validation_alias="event_id")
    occurred_at: datetime
    type: str
    outcome: str
    actor_id: str | None
    account_id: str | None
    session_id: str | None
    api_token_id: str | None
    grant_id: str | None
    org_id: str | None
    revocation_id: UUID | None
    credential_type: str | None
    reason: str | None
    ip_address: str
    metadata: dict[str, Any]
