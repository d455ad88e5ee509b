"""What holds for every page, by a walk over all of them; nothing here may ask the database."""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute

from app.domain.credentials import TokenKind, token_from
from app.http.api import PAGES, build_api
from app.http.cookies import SESSION_COOKIE
from app.http.pages import events
from app.http.pages.rendering import PAGE_POLICY
from app.http.pages.visitor import PageRoute
from tests.http.parts import ORIGIN, client_of, deps_without_database

SOME_ID = "0192f0c4-0000-7000-8000-000000000001"
FORM = {"content-type": "application/x-www-form-urlencoded"}
SESSION_TOKEN = token_from(TokenKind.SESSION, bytes(32))
OPEN = {"/", "/sign-in"}


def routes() -> Iterator[APIRoute]:
    for router in PAGES:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def calls() -> list[tuple[str, str]]:
    return [
        (method, re.sub(r"{\w+}", SOME_ID, route.path))
        for route in routes()
        for method in sorted(route.methods or ())
        if isinstance(route, PageRoute)
    ]


CLOSED = [(method, path) for method, path in calls() if path not in OPEN]


@pytest.fixture
def client() -> httpx.AsyncClient:
    return client_of(build_api(deps_without_database()), accept="text/html")


def test_every_page_is_one_and_only_the_event_stream_is_none():
    others = [route.path for route in routes() if not isinstance(route, PageRoute)]
    assert others == [route.path for route in events.routes.routes if isinstance(route, APIRoute)]
    assert {method for method, _ in calls()} == {"GET", "POST"}


@pytest.mark.parametrize("cookie", ["", "malformed"])
async def test_nobody_sees_a_page_but_the_sign_in_form(client, cookie):
    """B254, for pages."""
    if cookie:
        client.cookies.set(SESSION_COOKIE, cookie)
    for method, path in CLOSED:
        answer = await client.request(method, path, headers={"origin": ORIGIN, **FORM})
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/sign-in"), (method, path)
        assert answer.headers["cache-control"] == "no-store"
        assert ("next=" in answer.headers["location"]) == (method == "GET"), (method, path)


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}])
async def test_no_form_of_another_site_is_even_read(client, headers):
    """B252, for forms: 403 before the credential is looked at."""
    client.cookies.set(SESSION_COOKIE, SESSION_TOKEN)
    unsafe = [path for method, path in calls() if method == "POST"]
    assert unsafe
    for path in unsafe:
        answer = await client.post(path, headers={**headers, **FORM})
        assert answer.status_code == 403, path
        assert "text/html" in answer.headers["content-type"]
        assert answer.headers["content-security-policy"] == PAGE_POLICY
        assert "set-cookie" not in answer.headers
