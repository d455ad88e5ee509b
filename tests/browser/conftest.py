"""One fleet a pytest worker, one browser a module, one profile a person: `alice = page_as(fleet.make.account("alice"))`."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from uuid_utils.compat import uuid7

from app.embedded import scratch_folder, start_redis
from tests.browser.chromium import NO_BROWSER, find_chromium
from tests.browser.fleet import BrowserFleet, a_fleet
from tests.builders import PASSWORD, MadeAccount
from tests.databases import TestDatabases

WAITS_AT_MOST_MS = 10_000

PageAs = Callable[..., Page]


@pytest.fixture(scope="session")
def fleet(databases: TestDatabases) -> Iterator[BrowserFleet]:
    """Shared by all tests of this pytest worker: make people of your own, and count nothing that is not theirs."""
    with scratch_folder() as folder, databases.clone() as database_url:
        redis = start_redis(folder / "redis")
        try:
            with a_fleet(
                database_url=database_url,
                redis_url=redis.url,
                namespace=f"browser-{uuid7().hex}",
                folder=folder,
            ) as fleet:
                yield fleet
        finally:
            redis.kill()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A module's, not the session's: while Playwright's loop is up, no test can run a loop of its own."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            pytest.fail(NO_BROWSER, pytrace=False)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser, fleet: BrowserFleet) -> Iterator[Callable[..., Page]]:
    """A page in a profile of its own, with nobody signed in. No policy may have been broken, and no script, by the end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def new(**options: object) -> Page:
        context = chromium.new_context(
            base_url=fleet.url,
            viewport={"width": 1280, "height": 800},
            locale="en-GB",
            timezone_id="Europe/Berlin",
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(WAITS_AT_MOST_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _note(complaints, said.type, said.text))
        return page

    yield new
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page_as(new_page: Callable[..., Page], fleet: BrowserFleet) -> PageAs:
    """`page_as(account)`: a page in a new profile where that account is signed in; nothing is open yet."""

    def signed_in(account: MadeAccount, **options: object) -> Page:
        page = new_page(**options)
        answer = page.request.post(
            "/v1/auth/login",
            data={"email": account.email, "password": PASSWORD, "cookie": True},
            headers={"Origin": fleet.url, "User-Agent": str(page.evaluate("navigator.userAgent"))},
        )
        assert answer.ok, answer.text()
        return page

    return signed_in


def _note(complaints: list[str], kind: str, text: str) -> None:
    """What the server refuses is on the console too, and is the tests' own business."""
    if kind == "error" and not text.startswith("Failed to load resource"):
        complaints.append(text)
