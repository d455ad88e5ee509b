"""The shape of a session in a list, and of the request to end all."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, StrictBool

from app.http.shapes import Body, View

__all__ = ["SessionView", "TerminateAllBody"]


class SessionView(View):
    """A live session: where it was opened, with what, and when it was last active. No token, no hash.

    `sockets` are those open on it now, on all nodes that are heard of, as told within about a second. `grant_id` marks a support session, `is_current` the session that asks.
    """

    id: UUID = Field(validation_alias="session_id")
    account_id: UUID
    device: str
    ip_address: str
    issued_at: datetime
    last_active_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    grant_id: UUID | None
    sockets: int
    is_current: bool = False


class TerminateAllBody(Body):
    """`except_current`: the session that asks is spared. It has to be said: nothing missing ever means "all"."""

    except_current: StrictBool
