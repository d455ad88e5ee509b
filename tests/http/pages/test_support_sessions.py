"""A Global Admin goes into an organization that lets them in, sees what the grant shows, and leaves."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.http.pages.browser import Browser
from tests.http.world import World


@pytest.fixture
async def olga(world: World, browser_of) -> Browser:
    browser: Browser = await browser_of("olga")
    return browser


@pytest.fixture
async def root(world: World, browser_of) -> Browser:
    browser: Browser = await browser_of("root")
    return browser


async def let_in(olga: Browser, org: str = "acme", **more: str) -> None:
    until = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    answer = await olga.send(
        "/support/grants", {"org": org, "expires_at": until, "reason": "ticket 7", **more}
    )
    assert answer.status_code == 303, answer.text


async def go_in(root: Browser) -> None:
    await root.open("/support-sessions")
    answer = await root.press("/support-sessions/open", purpose="to look")
    assert answer.headers.get("location") == "/organization", answer.text


async def test_where_they_are_let_in_is_listed(world, olga, root, browser_of):
    assert "No organization lets you in" in (await root.open("/support-sessions")).text
    await let_in(olga, admin="root@cutoff.test", read_only="yes")
    page = await root.open("/support-sessions")
    assert "You only, only to read" in page.text
    ruth = await browser_of("ruth")
    assert "No organization lets you in" in (await ruth.open("/support-sessions")).text
    assert (await olga.open("/support-sessions")).status_code == 403


async def test_in_a_support_session_every_page_has_the_banner_and_only_the_organization_is_seen(
    world, olga, root
):
    await let_in(olga, read_only="yes")
    await go_in(root)
    page = await root.open("/organization")
    assert page.status_code == 200
    assert "alice@cutoff.test" in page.text
    assert "bob@cutoff.test" not in page.text
    assert "support session in <strong>Acme</strong>, which may only read" in page.text
    assert 'data-seconds-left="7' in page.text
    for path in (
        "/sessions",
        "/accounts",
        "/members",
        "/support-sessions",
        "/support",
        "/audit",
        "/receipts",
    ):
        refused = await root.open(path)
        assert refused.status_code in {403, 404}, path
        assert "alice@cutoff.test" not in refused.text
    assert (await root.open("/")).headers["location"] == "/organization"
    assert (await root.open("/support-sessions/banner")).status_code == 200


async def test_each_look_is_on_record_with_what_it_was_for(world, olga, root):
    """B238."""
    await let_in(olga)
    await go_in(root)
    for _ in range(2):
        await root.open("/organization")
    (use,) = world.rows("SELECT purpose, use_count, account_id FROM support_use")
    assert (use["purpose"], use["use_count"], use["account_id"]) == ("to look", 2, world.accounts["root"])
    assert world.count("audit_event", "type = 'org_message'") == 2
    (grant,) = world.rows("SELECT use_count, last_used_by FROM support_access_grant")
    assert (grant["use_count"], grant["last_used_by"]) == (2, world.accounts["root"])


async def test_leaving_ends_the_support_session_and_one_is_oneself_again(world, olga, root):
    await let_in(olga)
    await go_in(root)
    await root.open("/organization")
    left = await root.press("/support-sessions/leave")
    assert left.headers["location"] == "/support-sessions"
    assert set(root.cookies) == {"cutoff_session"}
    assert world.count("session", "grant_id IS NOT NULL AND terminated_at IS NULL") == 0
    assert (await root.open("/support-sessions")).status_code == 200
    assert "support session in" not in root.seen.text


async def test_when_the_organization_ends_it_the_next_page_says_so_and_one_is_oneself_again(
    world, olga, root
):
    """B229."""
    await let_in(olga)
    await go_in(root)
    (grant,) = world.rows("SELECT id FROM support_access_grant")
    await olga.send(f"/support/grants/{grant['id']}/end", {"org": "acme"})
    away = await root.open("/organization")
    assert away.headers["location"] == "/sign-in?reason=support_access_revoked&next=%2Forganization"
    assert set(root.cookies) == {"cutoff_session"}
    page = await root.open(away.headers["location"])
    assert "The organization has ended your support access." in page.text
    assert (await root.open("/support-sessions")).status_code == 200


async def test_outside_a_support_session_there_is_no_banner_and_no_organization(world, root):
    assert (await root.open("/organization")).status_code == 403
    assert (await root.open("/support-sessions/banner")).status_code == 404
    assert (await root.send("/support-sessions/leave")).status_code == 404


async def test_the_organization_is_told_why_somebody_came_or_nobody_comes(world, olga, root):
    await let_in(olga)
    await root.open("/support-sessions")
    answer = await root.press("/support-sessions/open", purpose=" ")
    assert answer.status_code == 422
    assert world.count("session", "grant_id IS NOT NULL") == 0
