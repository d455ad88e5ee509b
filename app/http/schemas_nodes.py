"""The shape of a node in a list."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field, PlainSerializer

from app.http.shapes import View

__all__ = ["NodeView"]

Seconds = Annotated[timedelta, PlainSerializer(timedelta.total_seconds, return_type=float)]


class NodeView(View):
    """What a node last said of itself. Durations are in seconds."""

    id: UUID = Field(validation_alias="node_id")
    name: str
    started_at: datetime
    seen_at: datetime
    left_at: datetime | None
    silent_for: Seconds
    is_silent: bool
    policy: str
    lease: Seconds
    is_current: bool
    is_subscribed: bool
    has_admitted: bool
    is_behind: bool
    is_on_this_cluster: bool
    tail_age: Seconds | None
    doorbell_age: Seconds | None
    sockets: int
    pending: int
