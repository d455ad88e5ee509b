"""What a form of ours sends: fields that are read once, checked by the same shapes as the API's bodies."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from typing import TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from app.domain.errors import Invalid
from app.http.shapes import Body

__all__ = ["FORM_KEY", "fields_of", "filled", "instant_from", "instant_required", "safe_path"]

FORM_KEY = "idempotency_key"
"""The hidden field that makes pressing a button twice one request (macro `form_key`)."""

LONGEST_PATH = 2_000
MOST_FIELDS = 50

B = TypeVar("B", bound=Body)


async def fields_of(request: Request) -> dict[str, str]:
    """The form's fields; of a name that comes twice, the last. Raises: HTTPException 415 for what is no form of ours."""
    if _media_type(request) != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    form = await request.form(max_fields=MOST_FIELDS, max_files=0)
    return {name: value for name, value in form.multi_items() if not isinstance(value, UploadFile)}


def filled(shape: type[B], fields: Mapping[str, str], **ready: object) -> B:
    """The body that the fields make, with `ready` for what is no text; the rest of the form is left aside.

    Raises: Invalid with the first field that will not do.
    """
    texts: dict[str, object] = {name: fields[name] for name in shape.model_fields if name in fields}
    try:
        return shape.model_validate({**texts, **ready})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Invalid(str(first["loc"][0]), first["msg"].removeprefix("Value error, ")) from None


def instant_from(fields: Mapping[str, str], name: str) -> datetime | None:
    """What `<input type="datetime-local">` sent, in UTC as the label says; None where it was left empty.

    Raises: Invalid for what is no date and time.
    """
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(name, "not_a_date_and_time") from None


def instant_required(fields: Mapping[str, str], name: str) -> datetime:
    """The same, where it must not be left empty. Raises: Invalid for that too."""
    instant = instant_from(fields, name)
    if instant is None:
        raise Invalid(name, "not_a_date_and_time")
    return instant


def safe_path(wanted: str) -> str:
    """The path, if it leads to a page of this site and nowhere else; else the first page."""
    is_ours = (
        wanted.startswith("/")
        and not wanted.startswith(("//", "/sign-"))
        and "\\" not in wanted
        and wanted.isprintable()
        and wanted.isascii()
        and len(wanted) <= LONGEST_PATH
    )
    return wanted if is_ours else "/"


def _media_type(request: Request) -> str:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    return message.get_content_type()
