import pytest

from tests.http.world import UNKNOWN


@pytest.fixture
async def support(browser, world):
    """A browser in which root works in acme's name."""
    olga, root = await world.sign_in("olga"), await world.sign_in("root")
    (row,) = world.rows("SELECT clock_timestamp() + interval '1 day' AS at")
    body = {"expires_at": row["at"].isoformat(), "reason": "a ticket"}
    assert (await olga.post("/v1/orgs/acme/support-grants", json=body)).status_code == 201
    opened = await root.post("/v1/orgs/acme/support-sessions", json={})
    assert opened.status_code == 201, opened.text
    browser.cookies = {"cutoff_support": opened.json()["session_token"]}
    return browser


@pytest.mark.parametrize(
    "path",
    [
        "/members",
        "/accounts",
        f"/accounts/{UNKNOWN}",
        f"/accounts/{UNKNOWN}/live",
        f"/accounts/{UNKNOWN}/preview?what=sessions",
        "/receipts",
        f"/receipts/{UNKNOWN}",
        "/audit",
    ],
)
async def test_a_support_session_sees_none_of_the_admin_pages(support, path):
    page = await support.open(path)
    assert page.status_code == 403
    assert 'href="/accounts"' not in page.text
