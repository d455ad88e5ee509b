"""The shapes of what an organization is told, and of where that is delivered."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool

from app.http.shapes import Body, View

__all__ = ["NewWebhookView", "NoticeView", "SupportUseView", "WebhookBody", "WebhookView"]


class NoticeView(View):
    """What happened. `delivery`: null without a webhook, else pending, delivered or given_up."""

    id: UUID = Field(validation_alias="notice_id")
    at: datetime = Field(validation_alias="noticed_at")
    type: str
    grant_id: UUID | None
    request_id: UUID | None
    facts: dict[str, Any]
    delivery: str | None
    attempts: int
    last_problem: str | None


class SupportUseView(View):
    """A support session: who, under which grant, what for, when last, how often."""

    session_id: UUID
    grant_id: UUID
    account_id: UUID
    purpose: str
    opened_at: datetime
    last_used_at: datetime | None
    use_count: int


class WebhookBody(Body):
    """The address; `rotate_secret`: sign with a new secret, for a day beside the one before."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    rotate_secret: StrictBool = False


class WebhookView(View):
    """Where notices go. `previous_secret_until`: until then they are signed with the secret before as well."""

    url: str
    created_at: datetime
    changed_at: datetime
    previous_secret_until: datetime | None


class NewWebhookView(WebhookView):
    """With a new secret, which is shown this once; null where it is as before."""

    secret: str | None
