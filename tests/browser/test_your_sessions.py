"""Somebody who lost a phone: looks where they are signed in, ends it, and watches it go."""

import json
import re

from tests.browser.looks import looks_well
from tests.builders import PASSWORD

SOCKET = """
async (url) => {
  window.seen = [];
  const socket = new WebSocket(url);
  socket.addEventListener("message", (event) => window.seen.push(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => window.seen.push({ type: "close", code: event.code }));
  await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
}
"""
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"


def others_on(page):
    return page.get_by_role("row").filter(has=page.get_by_role("button", name=re.compile("^End the session")))


def test_your_sessions_fit_and_are_accessible_in_every_look(page_as, fleet):
    alice = fleet.make.account("alice")
    for _ in range(2):
        fleet.make.api_token(fleet.make.session(alice))
    page = page_as(alice)
    page.goto("/sessions")
    page.get_by_role("heading", name="Your sessions").wait_for()
    assert page.get_by_text("this device").count() == 1
    page.get_by_text("End all others").click()
    looks_well(page, "your sessions")


def test_ending_the_lost_phone_closes_its_live_socket_and_shows_its_page_the_sign_in_form(page_as, fleet):
    """The page that watched with the ended session goes to the form by itself; the other one keeps up by itself."""
    alice = fleet.make.account("alice")
    phone, page = page_as(alice, user_agent=PHONE), page_as(alice)
    phone.goto("/sessions")
    phone.evaluate(SOCKET, fleet.sockets_url)
    page.goto("/sessions")
    row = others_on(page)
    row.filter(has_text="iOS").wait_for()
    row.filter(has_text=re.compile(r"\b2\b")).wait_for()  # the socket, and the stream of the phone's page
    seen = phone.evaluate_handle("window.seen")
    row.get_by_role("button").click()
    page.wait_for_url("**/receipts/*")
    phone.wait_for_url("**/sign-in?reason=session_revoked*")
    assert phone.get_by_role("status").filter(has_text="Your session was ended.").is_visible()
    del seen
    page.goto("/sessions")
    assert page.get_by_text("ended by hand").is_visible()


def test_the_socket_of_the_ended_session_is_told_why(page_as, fleet):
    alice = fleet.make.account("alice")
    phone, page = page_as(alice, user_agent=PHONE), page_as(alice)
    phone.goto("/sign-in")  # a page without a stream, so that it stays
    phone.evaluate(SOCKET, fleet.sockets_url)
    page.goto("/sessions")
    others_on(page).get_by_role("button").click()
    phone.wait_for_function("window.seen.some((each) => each.type === 'close')")
    closing, close = phone.evaluate("window.seen.slice(-2)")
    assert (closing["reason"], close["code"]) == ("session_revoked", 4001)


def test_the_list_keeps_up_when_somebody_signs_in_elsewhere(page_as, fleet):
    alice = fleet.make.account("alice")
    page = page_as(alice)
    with page.expect_response(lambda answer: answer.url.endswith("/events?topic=own-sessions")):
        page.goto("/sessions")
    fleet.make.session(alice)
    others_on(page).filter(has_text="Firefox").wait_for()


def test_ending_all_others_leaves_this_one(page_as, fleet):
    alice = fleet.make.account("alice")
    page, other = page_as(alice), page_as(alice)
    other.goto("/sessions")
    page.goto("/sessions")
    page.get_by_text("End all others").click()
    page.get_by_role("button", name="End all other sessions").click()
    page.wait_for_url("**/receipts/*")
    other.wait_for_url("**/sign-in?reason=all_sessions_revoked*")
    page.goto("/sessions")
    assert others_on(page).count() == 0


def test_a_new_api_token_is_shown_once_and_works_until_it_is_revoked(page_as, fleet):
    page = page_as(fleet.make.account("alice"))
    page.goto("/sessions")
    page.get_by_role("link", name="Make an API token").click()
    page.get_by_label("Name").fill("deploys")
    page.get_by_role("button", name="Make the token").click()
    token = page.get_by_label("The token").inner_text()
    looks_well(page, "new api token")
    page.get_by_role("link", name="To your sessions and tokens").click()
    page.get_by_role("row").filter(has_text="deploys").wait_for()
    assert token not in page.content()
    page.get_by_role("button", name="Revoke the token deploys").click()
    page.wait_for_url("**/receipts/*")
    page.goto("/sessions")
    assert page.get_by_text("revoked by hand").is_visible()


def test_everything_can_be_done_with_the_keyboard_alone(new_page, fleet):
    alice = fleet.make.account("alice")
    fleet.make.session(alice)
    page = new_page()
    page.goto("/sessions")
    page.keyboard.type("")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(alice.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    _tab_to(page, "End the session on")
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipts/*")


def test_changing_the_password_ends_all_and_says_so_everywhere(page_as, fleet):
    alice = fleet.make.account("alice")
    page, other = page_as(alice), page_as(alice)
    other.goto("/sessions")
    page.goto("/password")
    looks_well(page, "change the password")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill("another good one")
    page.get_by_role("button", name="Change the password").click()
    for each in (page, other):
        each.wait_for_url("**/sign-in?reason=password_changed*")


def test_pages_do_the_same_without_javascript(new_page, fleet):
    alice = fleet.make.account("alice")
    fleet.make.session(alice)
    page = new_page(java_script_enabled=False)
    page.goto("/sessions")
    page.get_by_label("E-mail address").fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    others_on(page).get_by_role("button").click()
    page.wait_for_url("**/receipts/*")
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_text("You have signed out.").is_visible()


def _tab_to(page, name: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if (
            json.loads(page.evaluate("JSON.stringify(document.activeElement.textContent)"))
            .strip()
            .startswith(name)
        ):
            return
    raise AssertionError(f"no way to {name!r} with the keyboard")


def test_what_somebody_has_opened_stays_open_when_the_list_keeps_up(page_as, fleet):
    alice = fleet.make.account("alice")
    fleet.make.session(alice)
    page = page_as(alice)
    page.goto("/sessions")
    page.get_by_text("End all others").click()
    fleet.make.api_token(fleet.make.session(alice))
    page.get_by_role("row").filter(has_text="a token").wait_for()
    assert page.get_by_role("button", name="End all other sessions").is_visible()
