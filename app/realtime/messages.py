"""The frames of `/ws`: requests as clients send them, and what the server answers. Text frames, one JSON object each."""

import json
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError, field_validator

from app.domain.closing import Closing

__all__ = [
    "Echo",
    "Logout",
    "Malformed",
    "OrgAction",
    "Request",
    "Whoami",
    "closing_frame",
    "error_frame",
    "frame",
    "parse_request",
]

CLOSINGS_KEPT = 64
RequestId = Annotated[str, Field(min_length=1, max_length=128)] | StrictInt


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: RequestId


class Whoami(_Message):
    """Who am I here, and by what credential?"""

    type: Literal["whoami"]


class Echo(_Message):
    """Say that again."""

    type: Literal["echo"]
    payload: Any = None

    @field_validator("payload")
    @classmethod
    def _can_be_said_again(cls, payload: Any) -> Any:
        """JSON has no NaN and no infinity, though many parsers take them: our answer must not hold any."""
        json.dumps(payload, allow_nan=False)
        return payload


class OrgAction(_Message):
    """Touch an organization, by slug or id: role grants and support access are read again for each such message."""

    type: Literal["org"]
    org: Annotated[str, Field(min_length=1, max_length=128)]
    action: Literal["read", "write"] = "read"


class Logout(_Message):
    """End the session that this socket stands on; the reply comes before the close."""

    type: Literal["logout"]


Request = Annotated[Whoami | Echo | OrgAction | Logout, Field(discriminator="type")]


class Malformed(Exception):
    """No request: `problem` is not_json, unknown_type or invalid; `request_id` where one could be made out."""

    def __init__(self, problem: str, request_id: str | int | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.request_id = request_id


def parse_request(text: str) -> Whoami | Echo | OrgAction | Logout:
    """The request in a text frame. Raises: Malformed."""
    try:
        return _REQUEST.validate_json(text)
    except ValidationError as error:
        raise _malformed(text, error) from None


def frame(**members: Any) -> str:
    """A message as it goes over the wire."""
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False)


def error_frame(problem: str, request_id: str | int | None) -> str:
    """The answer to a request that was not carried out."""
    return frame(type="error", id=request_id, problem=problem)


@lru_cache(maxsize=CLOSINGS_KEPT)
def closing_frame(closing: Closing, *, retry_after_ms: int) -> str:
    """The last message: a close frame's reason may be lost on its way to a browser, this is not."""
    members: dict[str, Any] = {
        "type": "closing",
        "reason": closing.reason.value,
        "code": closing.code.value,
        "retry": None if closing.retry is None else closing.retry.value,
    }
    if retry_after_ms:
        members["retry_after_ms"] = retry_after_ms
    return frame(**members)


def _malformed(text: str, error: ValidationError) -> Malformed:
    kinds = {
        each["type"] for each in error.errors(include_url=False, include_input=False, include_context=False)
    }
    if "json_invalid" in kinds:
        return Malformed("not_json", None)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return Malformed("not_json", None)
    request_id = given.get("id") if isinstance(given, dict) else None
    problem = "unknown_type" if kinds & {"union_tag_invalid", "union_tag_not_found"} else "invalid"
    is_usable = isinstance(request_id, str | int) and not isinstance(request_id, bool)
    return Malformed(problem, request_id if is_usable and len(str(request_id)) <= _ID_SHOWN else None)


_ID_SHOWN = 128
_REQUEST: TypeAdapter[Whoami | Echo | OrgAction | Logout] = TypeAdapter(Request)
