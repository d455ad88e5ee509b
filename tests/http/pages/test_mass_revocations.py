"""The pages of mass revocations, without JavaScript: plan, confirm, start, and what was wrong."""

from collections.abc import Awaitable, Callable

from tests.http.conftest import Queue
from tests.http.pages.browser import Browser
from tests.http.world import World

PAGE = "/mass-revocations"
ASKED = {"sessions": "on", "reason": "a drill", "pace": "10000", "idempotency_key": "once"}
BrowserOf = Callable[[str], Awaitable[Browser]]


async def test_a_plan_says_in_words_what_would_end_and_the_button_behind_it_ends_it(
    world: World, browser_of: BrowserOf
):
    olga, alice = await browser_of("olga"), await world.sign_in("alice")
    bob = await world.sign_in("bob")
    await olga.open(PAGE)

    planned = await olga.send(PAGE, {**ASKED, "org": "acme", "role": "member", "device": ""})
    assert planned.status_code == 303, planned.text
    again = await olga.send(PAGE, {**ASKED, "org": "acme", "role": "member", "device": ""})
    assert again.headers["location"] == planned.headers["location"]
    page = await olga.open(planned.headers["location"])
    assert "End the sessions of members of acme?" in page.text
    assert "1 session and 0 API tokens of 1 account, no socket now" in page.text
    assert await alice.is_alive()

    assert (await olga.press(".*/start")).headers["location"] == planned.headers["location"]
    page = await olga.open(planned.headers["location"])
    assert "All of it has ended: 1 session and 0 API tokens." in page.text
    assert not await alice.is_alive()
    assert await bob.is_alive()
    receipt = f"/receipts/{world.rows('SELECT id FROM revocation')[0]['id']}"
    assert f'href="{receipt}"' in page.text
    assert "Mass revocation" in (await olga.open(receipt)).text
    assert "the sessions of members of acme" in (await olga.open(PAGE)).text


async def test_what_has_grown_is_shown_and_the_next_press_accepts_it(world: World, browser_of: BrowserOf):
    root = await browser_of("root")
    await world.sign_in("alice")
    planned = await root.send(PAGE, {**ASKED, "everyone": "on"})
    await root.open(planned.headers["location"])
    await world.sign_in("bob")

    refused = await root.press(".*/start")
    assert refused.status_code == 409
    assert "1 were planned, and it would be 2 now" in refused.text
    assert "End 2 credentials" in refused.text
    assert world.count("revocation") == 0

    assert (await root.press(".*/start")).status_code == 303
    assert world.count("session", "terminated_at IS NULL") == 1, "root's own"


async def test_a_form_that_says_nothing_comes_back_with_the_reason_and_what_was_filled_in(
    world: World, browser_of: BrowserOf
):
    root = await browser_of("root")
    for asked, told in (
        ({}, "at least one criterion"),
        ({"everyone": "on", "device": "phone"}, "leave the other criteria empty"),
        ({"tokens": "on", "network": "10.0.0.0/8"}, "API tokens have no address"),
        ({"network": "10.0.0.1/8"}, "write it like"),
        ({"device": "phone", "pace": "fast"}, "pace"),
        ({"org": "nowhere"}, "There is no such organization"),
    ):
        refused = await root.send(PAGE, {**ASKED, **asked})
        assert refused.status_code == 422, asked
        assert told in refused.text
        assert 'value="a drill"' in refused.text
    nothing = await root.send(PAGE, {"reason": "x", "pace": "1", "everyone": "on", "idempotency_key": "two"})
    assert "choose sessions, API tokens or both" in nothing.text
    assert world.count("mass_revocation") == 0


async def test_it_is_paused_resumed_and_given_up(world: World, browser_of: BrowserOf, queue: Queue):
    root, alice = await browser_of("root"), await world.sign_in("alice")
    queue.performs = False
    planned = await root.send(PAGE, {**ASKED, "everyone": "on"})
    await root.open(planned.headers["location"])
    await root.press(".*/start")

    for action, told in (
        (".*/pause", "It stands still"),
        (".*/resume", "ended so far"),
        (".*/cancel", "given up"),
    ):
        await root.open(planned.headers["location"])
        assert (await root.press(action)).status_code == 303
        assert told in (await root.open(f"{planned.headers['location']}/live")).text

    refused = await root.send(f"{planned.headers['location']}/pause")
    assert (refused.status_code, "It is cancelled already." in refused.text) == (409, True)
    assert (await root.send(f"{planned.headers['location']}/forget")).status_code == 404
    assert await alice.is_alive()


async def test_only_admins_are_offered_it_and_see_it(world: World, browser_of: BrowserOf):
    alice, olga, zoe = [await browser_of(name) for name in ("alice", "olga", "zoe")]
    planned = await zoe.send(PAGE, {**ASKED, "org": "zeta"})

    assert (await alice.open(PAGE)).status_code == 403
    assert PAGE not in (await alice.open("/sessions")).text
    assert (await olga.open(planned.headers["location"])).status_code == 404
    assert "None so far." in (await olga.open(PAGE)).text
