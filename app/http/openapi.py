"""The description of the API: how to present a credential, and that errors are problems."""

from typing import Any

from fastapi import FastAPI

from app.http.cookies import SESSION_COOKIE, SUPPORT_COOKIE
from app.http.problems import PROBLEM_MEDIA_TYPE

__all__ = ["describe"]

DESCRIPTION = """\
Revocation that reaches the WebSocket. Everything that revokes answers `202` with the address of its receipt in
`Location`, or `200` with the settled receipt for `Prefer: wait=N`; an `Idempotency-Key` makes it safe to repeat.
Errors are problem details (RFC 9457). Sockets are opened at `/ws`.
"""


def describe(api: FastAPI) -> None:
    """`/openapi.json` tells what the routes cannot: credentials, request headers, the shape of errors."""
    api.description = DESCRIPTION
    generate = api.openapi

    def described() -> dict[str, Any]:
        if api.openapi_schema is None:
            _complete(generate())
        assert api.openapi_schema is not None
        return api.openapi_schema

    api.openapi = described  # type: ignore[method-assign]


def _complete(schema: dict[str, Any]) -> None:
    components = schema.setdefault("components", {})
    components["securitySchemes"] = _SECURITY
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            _complete_operation(path, operation)


def _complete_operation(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    responses["default"] = _PROBLEM_RESPONSE
    if not path.startswith("/v1/") or path in _OPEN:
        return
    operation["security"] = [{name: []} for name in _SECURITY]
    if "202" in responses:
        operation.setdefault("parameters", []).extend(_HEADERS)


_OPEN = frozenset({"/v1/auth/login", "/v1/auth/refresh"})
_SECURITY: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A session, API or daemon token."},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    "supportSession": {"type": "apiKey", "in": "cookie", "name": SUPPORT_COOKIE},
}
_HEADERS = (
    {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "examples": ["wait=5"]},
        "description": "`wait=N`: answer once the receipt is settled, at the latest after N seconds.",
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "description": "The same key with the same request is the same revocation.",
    },
)
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:cutoff:problem:unauthenticated"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "reason": {"type": "string", "description": "With 401: why the credential is dead."},
        "rule": {"type": "string", "description": "With 409: the rule that the request breaks."},
        "planned": {"type": "integer", "description": "With `grown_since_plan`: how many the plan said."},
        "now": {"type": "integer", "description": "With `grown_since_plan`: how many it would be now."},
        "needs": {"type": "string", "description": "With 403: what would have been enough."},
        "what": {"type": "string", "description": "With 503: what is not available."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "rule": {"type": "string"}},
            },
        },
    },
}
_PROBLEM_RESPONSE = {
    "description": "A problem.",
    "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
