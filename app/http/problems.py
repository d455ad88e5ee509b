"""Errors become answers: RFC 9457 problem details, one mapping for everything raised on purpose.

`type` is a word of a closed set behind `urn:cutoff:problem:`; the members behind it (`reason`, `rule`, `errors` …)
carry the error's data. Nothing that was sent is repeated, since it may hold a password or a token.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.domain.errors import (
    Conflict,
    CutoffError,
    Forbidden,
    GrownSincePlan,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)

__all__ = [
    "PROBLEM_MEDIA_TYPE",
    "ProblemResponse",
    "install_problem_handlers",
    "on_http_exception",
    "problem",
]

PROBLEM_MEDIA_TYPE = "application/problem+json"
UNAVAILABLE_RETRY_AFTER_S = 1


class ProblemResponse(JSONResponse):
    """A problem, with the media type that says so."""

    media_type = PROBLEM_MEDIA_TYPE


def problem(
    word: str, status: int, *, title: str, headers: Mapping[str, str] | None = None, **members: Any
) -> ProblemResponse:
    """The answer to a request that was not carried out; members that are None are left out."""
    body = {"type": f"urn:cutoff:problem:{word}", "title": title, "status": int(status)}
    body.update({name: value for name, value in members.items() if value is not None})
    return ProblemResponse(body, status_code=status, headers=dict(headers or {}))


def problem_for(error: CutoffError) -> ProblemResponse:
    """The answer for an error of ours."""
    match error:
        case Unauthenticated():
            answer = _unauthenticated(error)
        case Forbidden():
            answer = problem("forbidden", 403, title="You may not do this.", needs=error.needs)
        case NotFound():
            answer = problem("not_found", 404, title=f"There is no such {error.what.replace('_', ' ')}.")
        case Conflict():
            answer = _conflict(error)
        case Invalid():
            answer = _invalid([{"field": error.field, "rule": error.rule}])
        case RateLimited():
            later = {"Retry-After": str(error.retry_after_s)}
            answer = problem("rate_limited", 429, title="Too many attempts.", headers=later)
        case Unavailable():
            later = {"Retry-After": str(UNAVAILABLE_RETRY_AFTER_S)}
            title = "Something we depend on is not available."
            answer = problem("unavailable", 503, title=title, headers=later, what=error.what)
        case _:
            answer = internal_error()
    return answer


def internal_error() -> ProblemResponse:
    """The answer when we are at fault; it tells nothing of how."""
    return problem("internal_error", 500, title="Something went wrong on our side.")


def install_problem_handlers(api: FastAPI) -> None:
    """Every error of `api` is answered as a problem, also those of routing and of parsing."""
    api.add_exception_handler(CutoffError, _on_our_error)
    api.add_exception_handler(RequestValidationError, _on_invalid_request)
    api.add_exception_handler(HTTPException, on_http_exception)


def _unauthenticated(error: Unauthenticated) -> ProblemResponse:
    challenge = 'Bearer realm="cutoff"'
    if error.reason != "unauthenticated":
        challenge += ', error="invalid_token"'
    title = "A valid credential is needed."
    return problem(
        "unauthenticated", 401, title=title, headers={"WWW-Authenticate": challenge}, reason=error.reason
    )


def _conflict(error: Conflict) -> ProblemResponse:
    told: dict[str, Any] = {}
    if isinstance(error, GrownSincePlan):
        told = {"planned": error.planned, "now": error.now}
    return problem("conflict", 409, title="This contradicts the present state.", rule=error.rule, **told)


def _invalid(errors: list[dict[str, str]]) -> ProblemResponse:
    return problem("invalid", 422, title="A value is not acceptable.", errors=errors)


async def _on_our_error(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, CutoffError)
    return problem_for(error)


async def _on_invalid_request(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem("malformed", 400, title="The body is not JSON.")
    return _invalid([{"field": _field(each["loc"]), "rule": str(each["type"])} for each in found])


async def on_http_exception(_request: Request, error: Exception) -> ProblemResponse:
    """The answer where no route is, or none that takes this: what the framework raises."""
    assert isinstance(error, HTTPException)
    word, title = _BY_STATUS.get(error.status_code, ("malformed", HTTPStatus(error.status_code).phrase + "."))
    return problem(word, error.status_code, title=title, headers=error.headers)


def _field(location: tuple[int | str, ...]) -> str:
    """Where it is, as people write it: `email`, `items.0`; the part of the request only where it is no body."""
    parts = location[1:] if location[:1] == ("body",) and len(location) > 1 else location
    return ".".join(str(part) for part in parts)


_BY_STATUS = {
    400: ("malformed", "The request could not be read."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This cannot be done with that method."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_media_type", "The body must be application/json."),
}
