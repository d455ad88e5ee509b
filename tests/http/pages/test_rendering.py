from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.domain.errors import Unavailable
from app.http.api import PAGES, ROUTERS, build_api
from app.http.docs import STATIC
from app.http.pages.rendering import PAGE_POLICY
from tests.http.pages.browser import Browser
from tests.http.parts import client_of, deps_without_database


async def test_every_page_is_under_a_policy_that_runs_nothing_inline_and_is_kept_by_nobody(browser_of):
    alice = await browser_of("alice")
    for path in ("/sessions", "/sign-in", "/password", "/nowhere", "/sessions/x/end"):
        headers = (await alice.open(path)).headers
        assert headers["content-security-policy"] == PAGE_POLICY
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert "unsafe" not in PAGE_POLICY


def test_what_is_vendored_has_its_licence_and_version_beside_it():
    vendored = STATIC / "htmx"
    assert "Zero-Clause BSD" in (vendored / "LICENSE").read_text()
    assert "4.0.1" in (vendored / "VERSION").read_text()


async def test_static_files_may_be_kept_and_are_asked_after():
    async with client_of(build_api(deps_without_database())) as client:
        for name in ("cutoff.css", "cutoff.js", "cutoff.svg", "htmx/htmx.min.js"):
            answer = await client.get(f"/static/{name}")
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
            again = await client.get(f"/static/{name}", headers={"if-none-match": answer.headers["etag"]})
            assert again.status_code == 304


def test_no_page_is_part_of_the_apis_description():
    described = {route.path for route in _routes_of(*ROUTERS)}
    pages = list(_routes_of(*PAGES))
    assert not described & {route.path for route in pages}
    assert not any(route.include_in_schema for route in pages)


def _routes_of(*routers: APIRouter) -> Iterator[APIRoute]:
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


async def test_an_address_where_nothing_is_gets_a_page_for_a_person_and_a_problem_for_a_program():
    async with client_of(build_api(deps_without_database())) as client:
        page = await client.get("/nowhere", headers={"accept": "text/html,*/*;q=0.8"})
        assert (page.status_code, "text/html" in page.headers["content-type"]) == (404, True)
        assert "There is nothing here." in page.text
        for path, accept in (("/nowhere", "*/*"), ("/v1/nowhere", "text/html"), ("/static/x", "text/html")):
            answer = await client.get(path, headers={"accept": accept})
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_database_that_is_down_is_a_page_in_plain_words(browser: Browser, bridge, monkeypatch):
    async def fails(*_args, **_more):
        raise Unavailable("database")

    monkeypatch.setattr(bridge, "read", fails)
    browser.cookies["cutoff_session"] = "cutoff_session_" + "A" * 43
    answer = await browser.open("/sessions")
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert "database" not in answer.text


async def test_a_bug_is_a_page_that_tells_nothing(browser: Browser, bridge, monkeypatch):
    async def fails(*_args, **_more):
        raise ZeroDivisionError("the secret of it")

    monkeypatch.setattr(bridge, "read", fails)
    browser.cookies["cutoff_session"] = "cutoff_session_" + "A" * 43
    answer = await browser.open("/sessions")
    assert answer.status_code == 500
    assert "text/html" in answer.headers["content-type"]
    assert "secret" not in answer.text
