"""The shapes of API tokens: asked for, issued, listed."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.http.shapes import Body, Instant, Line, View

__all__ = ["ApiTokenBody", "ApiTokenView", "IssuedApiTokenView"]


class ApiTokenBody(Body):
    """A name to know it by, and when it ends by itself, if ever."""

    name: Line
    expires_at: Instant | None = None


class ApiTokenView(View):
    """A live API token, without the token. `sockets` are those open on it now, as told within about a second."""

    id: UUID = Field(validation_alias="api_token_id")
    name: str
    issued_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    sockets: int


class IssuedApiTokenView(View):
    """A new API token. `token` is shown this once and never again."""

    token: str
    api_token: ApiTokenView = Field(validation_alias="record")
