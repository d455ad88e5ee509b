"""What holds for every route, by a walk over all of them; nothing here may ask the database."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

import app.http
from app.domain.credentials import TokenKind, token_from
from app.http.api import PAGES, ROUTERS, build_api
from app.http.cookies import SESSION_COOKIE
from tests.http.parts import ORIGIN, client_of, deps_without_database

SOME_ID = "0192f0c4-0000-7000-8000-000000000001"
SESSION_TOKEN = token_from(TokenKind.SESSION, bytes(32))
OPEN = {"/v1/auth/login", "/v1/auth/refresh"}

PUBLIC_FACE = {
    "POST /v1/auth/login",
    "POST /v1/auth/refresh",
    "POST /v1/auth/logout",
    "POST /v1/auth/password",
    "GET /v1/sessions",
    "DELETE /v1/sessions/{session_id}",
    "POST /v1/sessions/terminate-all",
    "GET /v1/sessions/terminate-all/preview",
    "GET /v1/sessions/{session_id}/preview",
    "GET /v1/api-tokens/revoke-all/preview",
    "GET /v1/api-tokens/{api_token_id}/preview",
    "GET /v1/admin/sessions/{session_id}/preview",
    "GET /v1/admin/accounts/{account_id}/preview",
    "GET /v1/orgs/{org}/support-grants/{grant_id}/preview",
    "GET /v1/api-tokens",
    "POST /v1/api-tokens",
    "DELETE /v1/api-tokens/{api_token_id}",
    "POST /v1/api-tokens/revoke-all",
    "GET /v1/admin/accounts",
    "GET /v1/admin/accounts/{account_id}",
    "GET /v1/admin/accounts/{account_id}/sessions",
    "GET /v1/admin/accounts/{account_id}/api-tokens",
    "DELETE /v1/admin/sessions/{session_id}",
    "POST /v1/admin/accounts/{account_id}/sessions/terminate-all",
    "POST /v1/admin/accounts/{account_id}/api-tokens/revoke-all",
    "POST /v1/admin/accounts/{account_id}/suspend",
    "POST /v1/admin/accounts/{account_id}/unsuspend",
    "DELETE /v1/admin/accounts/{account_id}",
    "GET /v1/orgs/{org}/support-grants",
    "POST /v1/orgs/{org}/support-grants",
    "PATCH /v1/orgs/{org}/support-grants/{grant_id}",
    "DELETE /v1/orgs/{org}/support-grants/{grant_id}",
    "POST /v1/orgs/{org}/support-sessions",
    "GET /v1/orgs/{org}/support-requests",
    "POST /v1/orgs/{org}/support-requests",
    "POST /v1/orgs/{org}/support-requests/{request_id}/approve",
    "POST /v1/orgs/{org}/support-requests/{request_id}/decline",
    "POST /v1/orgs/{org}/support-requests/{request_id}/withdraw",
    "GET /v1/orgs/{org}/support-uses",
    "GET /v1/orgs/{org}/notices",
    "GET /v1/orgs/{org}/webhook",
    "PUT /v1/orgs/{org}/webhook",
    "DELETE /v1/orgs/{org}/webhook",
    "GET /v1/revocations",
    "GET /v1/mass-revocations",
    "POST /v1/mass-revocations",
    "GET /v1/mass-revocations/{mass_revocation_id}",
    "POST /v1/mass-revocations/{mass_revocation_id}/start",
    "POST /v1/mass-revocations/{mass_revocation_id}/pause",
    "POST /v1/mass-revocations/{mass_revocation_id}/resume",
    "POST /v1/mass-revocations/{mass_revocation_id}/cancel",
    "GET /v1/revocations/{revocation_id}",
    "GET /v1/nodes",
    "GET /v1/audit-events",
    "GET /livez",
    "GET /readyz",
    "GET /healthz",
    "GET /metrics",
}


def routes() -> Iterator[APIRoute]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def calls() -> list[tuple[str, str]]:
    return [(method, route.path) for route in routes() for method in sorted(route.methods or ())]


def filled(path: str, value: str = SOME_ID) -> str:
    return re.sub(r"{\w+}", value, path)


GUARDED = [(method, path) for method, path in calls() if path.startswith("/v1/") and path not in OPEN]
UNSAFE = [(method, path) for method, path in GUARDED if method != "GET"]
WITH_IDS = [(method, path) for method, path in GUARDED if "{" in path]


MALFORMED = [
    "1",
    "X",
    SOME_ID.upper(),
    SOME_ID[:-1],
    SOME_ID + "0",
    SOME_ID.replace("-", ""),
    f"{{{SOME_ID}}}",
    SOME_ID[:-1] + "g%00",
    "%F0%9F%92%A3",
]


@pytest.fixture
def client() -> httpx.AsyncClient:
    return client_of(build_api(deps_without_database()))


def is_problem(answer: httpx.Response, status: int, word: str) -> bool:
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/problem+json"
        and answer.json()["type"] == f"urn:cutoff:problem:{word}"
    )


def test_the_routes_are_the_public_face_and_nothing_else():
    shown = {f"{method} {path}" for method, path in calls()}
    assert shown - {"GET /docs"} == PUBLIC_FACE


async def test_the_description_lists_every_public_path(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    shown = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert shown == PUBLIC_FACE


def test_routes_are_served_as_they_were_declared():
    """Those of an included router would be built once more, while the first request waits: 0.1 s of the event loop."""
    served = build_api(deps_without_database()).routes
    assert all(route in served for router in (*ROUTERS, *PAGES) for route in router.routes)


def test_no_request_takes_a_detour_through_the_frameworks_threads():
    """What is not `async` would: a hop for what does not wait, and one more pool of threads a node."""
    for route in (route for router in (*ROUTERS, *PAGES) for route in router.routes):
        assert isinstance(route, APIRoute)
        for call in called_by(route.dependant):
            by_class = vars(type(call)).get("__call__")
            is_async = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(by_class)
            assert is_async, f"{route.path}: {call}"


def called_by(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    assert dependant.call
    yield dependant.call
    for further in dependant.dependencies:
        yield from called_by(further)


def test_no_route_keeps_a_response_open():
    """Whatever does belongs into the registry (`app.realtime`), where a revocation reaches it. B12."""
    for route in routes():
        assert not route.is_sse_stream, route.path
        assert not route.is_json_stream, route.path
        assert not inspect.isasyncgenfunction(route.endpoint), route.path
        assert not inspect.isgeneratorfunction(route.endpoint), route.path
    sources = [path.read_text() for path in Path(app.http.__path__[0]).glob("*.py")]
    forbidden = ("StreamingResponse", "EventSourceResponse", "WebSocket(", ".websocket(", "stream_with")
    assert not [word for source in sources for word in forbidden if word in source]


async def test_without_a_credential_the_answer_is_401_before_anything_is_looked_at(client):
    """B254."""
    for method, path in GUARDED:
        for target in (filled(path), filled(path, "not-an-ID")):
            answer = await client.request(
                method, target, content=b"{", headers={"content-type": "text/plain"}
            )
            assert is_problem(answer, 401, "unauthenticated"), (method, path)
            assert answer.json()["reason"] == "unauthenticated"
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "value", ["Bearer ", "Bearer x", f"Basic {SESSION_TOKEN}", SESSION_TOKEN, f"Bearer {SESSION_TOKEN}x"]
)
async def test_a_malformed_credential_is_refused_without_a_read(client, value):
    for method, path in GUARDED:
        answer = await client.request(method, filled(path), headers={"authorization": value})
        assert is_problem(answer, 401, "unauthenticated"), (method, path)


async def test_a_bearer_credential_that_comes_with_an_origin_is_not_accepted(client):
    """B253."""
    for method, path in GUARDED:
        headers = {"authorization": f"Bearer {SESSION_TOKEN}", "origin": ORIGIN}
        answer = await client.request(method, filled(path), headers=headers)
        assert is_problem(answer, 401, "unauthenticated"), (method, path)


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}])
async def test_a_cookie_changes_nothing_without_proof_that_our_page_sent_it(client, headers):
    client.cookies.set(SESSION_COOKIE, SESSION_TOKEN)
    for method, path in UNSAFE:
        answer = await client.request(method, filled(path), headers=headers)
        assert is_problem(answer, 403, "forbidden"), (method, path)


@pytest.mark.parametrize("malformed", MALFORMED)
async def test_a_malformed_id_is_a_validation_problem_and_costs_no_read(client, malformed):
    """B17."""
    for method, path in WITH_IDS:
        target = path.replace("{org}", "acme")
        for each in {path.replace("{org}", "-" + malformed), target} if "{org}" in path else {path}:
            if "{" not in each and each == target:
                continue
            headers = {"authorization": f"Bearer {SESSION_TOKEN}"}
            answer = await client.request(method, filled(each, malformed), headers=headers)
            assert is_problem(answer, 422, "invalid"), (method, each)


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/sessions/", 404, "not_found"),
        ("PUT", "/v1/sessions", 405, "method_not_allowed"),
        ("POST", "/livez", 405, "method_not_allowed"),
        ("GET", "/static/../api.py", 404, "not_found"),
        ("GET", "/static/%2e%2e/api.py", 404, "not_found"),
    ],
)
async def test_errors_of_routing_are_problems(client, *, method, path, status, word):
    assert is_problem(await client.request(method, path), status, word)


async def test_every_answer_has_a_request_id_and_tells_browsers_to_be_careful(client):
    for path in ("/livez", "/nowhere", "/v1/sessions", "/docs"):
        headers = (await client.get(path)).headers
        assert headers["x-request-id"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"


async def test_a_bug_is_answered_with_500_that_tells_nothing(client):
    answer = await client.get("/v1/sessions", headers={"authorization": f"Bearer {SESSION_TOKEN}"})
    assert is_problem(answer, 500, "internal_error")
    assert "database" not in answer.text
    assert SESSION_TOKEN not in answer.text
