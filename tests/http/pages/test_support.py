"""Support access in an organization's settings, without JavaScript."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.http.pages.browser import Browser
from tests.http.world import UNKNOWN, World

UTC_MINUTES = "%Y-%m-%dT%H:%M"


def at(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).strftime(UTC_MINUTES)


@pytest.fixture
async def olga(world: World, browser_of) -> Browser:
    browser: Browser = await browser_of("olga")
    return browser


@pytest.fixture
async def root(world: World, browser_of) -> Browser:
    browser: Browser = await browser_of("root")
    return browser


async def let_in(olga: Browser, **fields: str) -> None:
    await olga.open("/support")
    wanted = {"expires_at": at(hours=2), "reason": "ticket 7", **fields}
    answer = await olga.press("/support/grants", **wanted)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/support?org=acme"), answer.text


def grant_of(world: World) -> str:
    return str(world.rows("SELECT id FROM support_access_grant ORDER BY created_at DESC LIMIT 1")[0]["id"])


async def test_it_is_off_until_it_is_given_until_a_time_in_utc(world, olga):
    page = await olga.open("/support")
    assert "Nobody from support is let in." in page.text
    until = at(days=1)
    await let_in(olga, expires_at=until)
    page = await olga.open("/support")
    assert "Support is let in." in page.text
    assert "Any Global Admin, only to read" in page.text  # what `press` sends has the box ticked
    (row,) = world.rows("SELECT expires_at FROM support_access_grant")
    assert row["expires_at"].strftime(UTC_MINUTES) == until


async def test_it_can_be_for_one_person(world, olga):
    await let_in(olga, admin="Root@cutoff.test")
    (row,) = world.rows("SELECT admin_account_id FROM support_access_grant")
    assert row["admin_account_id"] == world.accounts["root"]
    assert "Only root@cutoff.test" in (await olga.open("/support")).text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"expires_at": ""}, "End: not a date and time."),
        ({"expires_at": "2001-01-01T00:00"}, "End: not in the future."),
        ({"expires_at": at(days=400)}, "End: beyond the maximum."),
        ({"reason": " "}, "Reason: empty."),
        ({"admin": "alice@cutoff.test"}, "The person let in: not a global admin."),
        ({"admin": "nobody@cutoff.test"}, "The person let in: not a global admin."),
    ],
)
async def test_what_was_wrong_is_said_and_what_was_filled_in_is_kept(world, olga, wrong, told):
    await olga.open("/support")
    wanted = {"expires_at": at(hours=2), "reason": "ticket <7>", "admin": "", **wrong}
    page = await olga.press("/support/grants", **wanted)
    assert page.status_code == 422
    assert told in page.text
    assert wrong.get("reason", "ticket &lt;7&gt;").strip() in page.text
    assert world.count("support_access_grant") == 0


async def test_its_end_is_moved_and_it_is_ended_after_a_look_at_what_ends(world, olga):
    await let_in(olga)
    grant = grant_of(world)
    await olga.open("/support")
    until = at(days=3)
    moved = await olga.press(f"/support/grants/{grant}/move", expires_at=until)
    assert moved.status_code == 303
    (row,) = world.rows("SELECT expires_at FROM support_access_grant")
    assert row["expires_at"].strftime(UTC_MINUTES) == until
    preview = await olga.open(f"/support/grants/{grant}/end?org=acme")
    assert "0 support sessions" in " ".join(preview.text.replace("<strong>", "").split())
    ended = await olga.press(f"/support/grants/{grant}/end")
    assert ended.headers["location"].startswith("/receipts/")
    page = await olga.open("/support")
    assert "Nobody from support is let in." in page.text
    assert "Earlier access" in page.text
    late = await olga.send(f"/support/grants/{grant}/move", {"org": "acme", "expires_at": until})
    assert late.status_code == 409
    assert "This access is over already." in late.text


async def test_the_notices_are_listed_in_words(world, olga):
    await let_in(olga)
    page = await olga.open("/support")
    assert "Support was let in" in page.text


@pytest.mark.parametrize("path", ["/support?org=zeta", "/support?org=no-such"])
async def test_another_organization_is_as_good_as_unknown(olga, path):
    answer = await olga.open(path)
    assert answer.status_code == 404
    assert "There is no such organization" in answer.text


async def test_who_is_no_organizations_admin_has_no_such_page(world, browser_of, olga):
    await let_in(olga)
    for name in ("alice", "root"):
        browser = await browser_of(name)
        assert (await browser.open("/support")).status_code == 404
        assert (await browser.open("/support?org=acme")).status_code in {403, 404}
        assert "/support?" not in browser.seen.text
    zoe = await browser_of("zoe")
    for grant in (grant_of(world), UNKNOWN):
        assert (await zoe.open(f"/support/grants/{grant}/end?org=zeta")).status_code == 404
        assert (await zoe.send(f"/support/grants/{grant}/end", {"org": "zeta"})).status_code == 404


async def test_nothing_is_changed_from_another_site(world, olga):
    answer = await olga.send(
        "/support/grants",
        {"org": "acme", "expires_at": at(hours=1), "reason": "x"},
        origin="https://evil.test",
    )
    assert answer.status_code == 403
    assert world.count("support_access_grant") == 0


async def test_a_request_is_made_seen_approved_and_used(world, olga, root):
    await root.open("/support-sessions")
    asked = await root.press(
        "/support-sessions/requests", org="acme", expires_at=at(days=1), reason="ticket 9"
    )
    assert asked.headers["location"] == "/support-sessions"
    assert "pending" in (await root.open("/support-sessions")).text
    page = await olga.open("/support")
    assert "root@cutoff.test" in page.text
    assert "ticket 9" in page.text
    approved = await olga.press("/support/requests/.*/approve")
    assert approved.status_code == 303
    await root.open("/support-sessions")
    opened = await root.press("/support-sessions/open", purpose="look into it")
    assert opened.headers["location"] == "/organization"
    page = await olga.open("/support")
    assert "look into it" in page.text


async def test_a_request_is_declined_withdrawn_and_decided_once(world, olga, root):
    async def ask() -> None:
        await root.open("/support-sessions")
        answer = await root.press(
            "/support-sessions/requests", org="acme", expires_at=at(days=1), reason="ticket 9"
        )
        assert answer.status_code == 303

    await ask()
    again = (
        await root.press("/support-sessions/requests", org="acme", expires_at=at(days=1), reason="x")
        if (await root.open("/support-sessions"))
        else None
    )
    assert again is not None
    assert again.status_code == 409
    await olga.open("/support")
    stale = olga.forms
    assert (await olga.press("/support/requests/.*/decline")).status_code == 303
    (approve,) = [form for form in stale if form.action.endswith("/approve")]
    assert (await olga.send(approve.action, approve.fields)).status_code == 409
    await ask()
    await root.open("/support-sessions")
    assert (await root.press("/support-sessions/requests/.*/withdraw")).status_code == 303
    assert [
        row["decision"] for row in world.rows("SELECT decision FROM support_request ORDER BY created_at")
    ] == [
        "declined",
        "withdrawn",
    ]


async def test_a_webhook_is_set_its_secret_shown_once_rotated_and_deleted(world, olga):
    await olga.open("/support")
    shown = await olga.press("/support/webhook", url="https://hooks.example.com/x")
    (row,) = world.rows("SELECT url, secret FROM webhook")
    assert row["secret"] in shown.text
    page = await olga.open("/support")
    assert row["url"] in page.text
    assert row["secret"] not in page.text
    fields = {"org": "acme", "url": "https://hooks.example.com/y"}
    assert (await olga.send("/support/webhook", fields)).status_code == 303
    rotated = await olga.send("/support/webhook", {**fields, "rotate_secret": "yes"})
    (new,) = world.rows("SELECT secret, previous_secret FROM webhook")
    assert new["previous_secret"] == row["secret"]
    assert new["secret"] in rotated.text
    bad = await olga.send("/support/webhook", {"org": "acme", "url": "ftp://x.example/"})
    assert bad.status_code == 422
    await olga.open("/support")
    assert (await olga.press("/support/webhook/delete")).status_code == 303
    assert world.count("webhook") == 0
