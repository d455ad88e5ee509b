import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.domain.errors import Unavailable
from app.http.api import PAGES, ROUTERS, build_api
from app.http.docs import STATIC
from app.http.pages import rendering
from app.http.pages.rendering import PAGE_POLICY, in_words
from tests.http.pages.browser import Browser
from tests.http.parts import client_of, deps_without_database

TEMPLATES = Path(rendering.__file__).parent / "templates"


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


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_templates_have_nothing_that_the_policy_forbids_and_nothing_unescaped(template):
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on|\bjs:|javascript:", text)
    assert not re.search(r"""\|\s*safe|autoescape|(src|href|action|hx-get)=["']?(https?:)?//""", text)


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

    monkeypatch.setattr(bridge, "run", fails)
    browser.cookies["cutoff_session"] = "cutoff_session_" + "A" * 43
    answer = await browser.open("/sessions")
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert "database" not in answer.text


async def test_a_bug_is_a_page_that_tells_nothing(browser: Browser, bridge, monkeypatch):
    async def fails(*_args, **_more):
        raise ZeroDivisionError("the secret of it")

    monkeypatch.setattr(bridge, "run", fails)
    browser.cookies["cutoff_session"] = "cutoff_session_" + "A" * 43
    answer = await browser.open("/sessions")
    assert answer.status_code == 500
    assert "text/html" in answer.headers["content-type"]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "no time"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (7200, "2 hours"),
        (86400 * 3, "3 days"),
    ],
)
def test_durations_are_told_in_their_largest_unit(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words
    assert in_words(-timedelta(seconds=seconds)) == words


def test_instants_are_written_in_utc_for_whoever_has_no_script():
    at = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    written = rendering._instant(at)
    assert written == '<time datetime="2026-11-21T23:30:00.000+00:00">2026-11-21 23:30 UTC</time>'
