import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.http.pages.browser import Browser
from tests.http.world import World


@pytest.fixture
def browser(client: httpx.AsyncClient) -> Browser:
    return Browser(client)


@pytest.fixture
def browser_of(client: httpx.AsyncClient, world: World) -> Callable[[str], Awaitable[Browser]]:
    """`await browser_of("alice")`: a browser in which she is signed in."""

    async def signed_in(name: str) -> Browser:
        browser = Browser(client)
        answer = await browser.sign_in(name)
        assert answer.status_code == 303, answer.text
        return browser

    return signed_in


def without_request_id(answer: httpx.Response) -> str:
    """The page but for the number of the request, which every error page has."""
    return re.sub(r"Request [\w-]+|value=\"[0-9a-f-]{36}\"", "", answer.text)
