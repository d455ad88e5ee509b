"""Ids in a path: UUIDs as we write them, and in no other spelling; an organization goes by its slug as well."""

import re
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Path
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from app.domain.ids import (
    AccountId,
    ApiTokenId,
    GrantId,
    MassRevocationId,
    RevocationId,
    SessionId,
    SupportRequestId,
)

__all__ = [
    "AccountPath",
    "ApiTokenPath",
    "GrantPath",
    "MassRevocationPath",
    "OrgPath",
    "RevocationPath",
    "SessionPath",
    "StrictUuid",
    "SupportRequestPath",
    "check_path_ids",
]


def _canonical(value: object) -> object:
    if isinstance(value, UUID) or (isinstance(value, str) and _UUID.fullmatch(value)):
        return value
    raise PydanticCustomError(_RULE, "must be a UUID in lower case, with hyphens")


def check_path_ids(request: Request) -> None:
    """Returns if every id in the path is well-formed. Raises: RequestValidationError.

    Called before anything is read: a malformed id costs no query, whoever sends it (B17).
    """
    wrong = [name for name, value in request.path_params.items() if not _pattern(name).fullmatch(value)]
    if wrong:
        raise RequestValidationError([{"type": _RULE, "loc": ("path", name), "msg": _RULE} for name in wrong])


def _pattern(name: str) -> re.Pattern[str]:
    return _SLUG if name == "org" else _UUID


_RULE = "malformed_id"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Id = TypeVar("Id")
StrictUuid = Annotated[UUID, BeforeValidator(_canonical)]

AccountPath = Annotated[AccountId, BeforeValidator(_canonical), Path()]
ApiTokenPath = Annotated[ApiTokenId, BeforeValidator(_canonical), Path()]
GrantPath = Annotated[GrantId, BeforeValidator(_canonical), Path()]
OrgPath = Annotated[str, Path(description="The organization's id or its slug.")]
MassRevocationPath = Annotated[MassRevocationId, BeforeValidator(_canonical), Path()]
RevocationPath = Annotated[RevocationId, BeforeValidator(_canonical), Path()]
SessionPath = Annotated[SessionId, BeforeValidator(_canonical), Path()]
SupportRequestPath = Annotated[SupportRequestId, BeforeValidator(_canonical), Path()]
