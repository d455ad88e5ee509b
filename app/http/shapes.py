"""What bodies and answers are made of: shapes that take nothing they do not know, and text that can be stored."""

import re
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from app.domain.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT, Page, PageRequest

__all__ = [
    "Body",
    "Email",
    "Instant",
    "Line",
    "PageView",
    "Paging",
    "Password",
    "Prose",
    "SearchText",
    "Token",
    "View",
    "page_view",
]

T = TypeVar("T")
V = TypeVar("V", bound="View")


class Body(BaseModel):
    """What clients send: a member that is not known is an error, since it was meant to do something."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class View(BaseModel):
    """What we show of a value inside; members that are not listed stay inside."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class PageView(BaseModel, Generic[T]):
    """Some rows of a list; `next` is the `cursor` of the following page, null on the last."""

    items: list[T]
    next: str | None


def page_view(view: type[V], page: Page[T]) -> PageView[V]:
    """The page as it is shown."""
    return PageView(items=[view.model_validate(each) for each in page.items], next=page.next_cursor)


def _no_control_characters(text: str) -> str:
    if _CONTROL.search(text):
        raise PydanticCustomError("control_characters", "must not contain control characters")
    return text


def _iso_date_time(value: object) -> object:
    """Nothing but RFC 3339: pydantic would take numbers, and dates alone, for instants as well."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_TIME.match(value)):
        return value
    raise PydanticCustomError("not_a_date_and_time", "must be a date and time, with a zone, as in RFC 3339")


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("not_a_date_and_time", "is out of range") from None


async def _paging(
    limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=256)] = None,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor)


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")

Paging = Annotated[PageRequest, Depends(_paging)]

Email = Annotated[str, Field(min_length=3, max_length=320), AfterValidator(_no_control_characters)]
Password = Annotated[str, Field(min_length=1, max_length=1024)]
Token = Annotated[str, Field(min_length=1, max_length=256)]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_no_control_characters),
]
Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    AfterValidator(_no_control_characters),
]
SearchText = Annotated[str, Query(max_length=200), AfterValidator(_no_control_characters)]
Instant = Annotated[AwareDatetime, BeforeValidator(_iso_date_time), AfterValidator(_in_utc)]
