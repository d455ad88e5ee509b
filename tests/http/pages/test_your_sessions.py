import re

import pytest

from tests.http.pages.browser import Browser
from tests.http.world import UNKNOWN

pytestmark = pytest.mark.usefixtures("world")


def sessions_in(text: str) -> list[str]:
    return re.findall(r'id="session-([0-9a-f-]+)"', text)


async def test_the_page_shows_each_device_marks_this_one_and_offers_to_end_the_others(browser_of):
    alice, elsewhere = await browser_of("alice"), await browser_of("alice")
    shown = (await alice.open("/sessions")).text
    assert len(sessions_in(shown)) == 2
    assert shown.count("this device") == 1
    assert "198.51.100.7" in shown
    assert len([form for form in alice.forms if form.action.endswith("/end")]) == 1
    assert (await elsewhere.open("/sessions")).status_code == 200


async def test_ending_another_session_leads_to_its_receipt_and_ends_that_one_alone(browser_of):
    alice, elsewhere = await browser_of("alice"), await browser_of("alice")
    await alice.open("/sessions")
    answer = await alice.press("/sessions/.*/end")
    assert answer.status_code == 303
    assert re.fullmatch(r"/receipts/[0-9a-f-]{36}", answer.headers["location"])
    assert (await alice.open("/sessions")).status_code == 200
    sent = await elsewhere.open("/sessions")
    assert sent.headers["location"] == "/sign-in?reason=session_revoked&next=%2Fsessions"
    assert "Your session was ended." in (await elsewhere.open(sent.headers["location"])).text


async def test_pressing_twice_is_one_revocation(browser_of, world):
    """The hidden key is the same as long as the page is."""
    alice = await browser_of("alice")
    await browser_of("alice")
    page = await alice.open("/sessions")
    one = await alice.press("/sessions/.*/end")
    alice.seen = page
    other = await alice.press("/sessions/.*/end")
    assert one.headers["location"] == other.headers["location"]
    assert world.count("revocation", "kind = 'session_revoke'") == 1


async def test_ending_all_others_spares_this_one(browser_of):
    alice = await browser_of("alice")
    others = [await browser_of("alice") for _ in range(2)]
    await alice.open("/sessions")
    assert (await alice.press("/sessions/end-others")).status_code == 303
    assert (await alice.open("/sessions")).text.count('id="session-') == 1
    for other in others:
        assert "reason=all_sessions_revoked" in (await other.open("/sessions")).headers["location"]


async def test_ending_this_session_by_hand_signs_out(browser_of, world):
    alice = await browser_of("alice")
    own = sessions_in((await alice.open("/sessions")).text)[0]
    answer = await alice.send(f"/sessions/{own}/end")
    assert answer.headers["location"] == "/sign-in?reason=session_revoked"
    assert alice.cookies == {}


@pytest.mark.parametrize("session_id", [UNKNOWN, "not-an-id", UNKNOWN.upper()])
async def test_what_is_unknown_malformed_or_somebody_elses_is_one_and_the_same_page(
    browser_of, world, session_id
):
    """B15, B17."""
    alice = await browser_of("alice")
    bob = await world.sign_in("bob")
    answers = [await alice.send(f"/sessions/{each}/end") for each in (session_id, bob.session_id)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert await bob.is_alive()


async def test_what_ended_lately_is_shown_with_the_reason_in_words(browser_of):
    alice, elsewhere = await browser_of("alice"), await browser_of("alice")
    await elsewhere.send("/sign-out")
    shown = (await alice.open("/sessions")).text
    assert "signed out" in shown.partition("Ended in the last 30 days")[2]


async def test_the_part_that_keeps_up_is_the_section_alone(browser_of):
    alice = await browser_of("alice")
    part = (await alice.open("/sessions/now?cursor=")).status_code
    assert part == 422
    shown = (await alice.open("/sessions/now")).text.strip()
    assert shown.startswith('<section id="your-sessions" data-topic="own-sessions"')
    assert "<html" not in shown


async def test_a_fragment_that_is_asked_for_with_a_dead_session_sends_the_whole_page_to_sign_in(browser_of):
    alice, elsewhere = await browser_of("alice"), await browser_of("alice")
    await alice.open("/sessions")
    await alice.press("/sessions/.*/end")
    answer = await elsewhere.open("/sessions/now", **{"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?reason=session_revoked"


async def test_an_api_token_is_shown_once_listed_and_revoked(browser_of, world):
    alice = await browser_of("alice")
    await alice.open("/api-tokens/new")
    made = await alice.press("/api-tokens/new", name="deploys", expires_at="2999-01-02T03:04")
    assert made.status_code == 201
    token = re.search(r">(cutoff_[A-Za-z0-9_-]+)<", made.text)
    assert token is not None
    assert "2999-01-02 03:04 UTC" in made.text
    headers = {"authorization": f"Bearer {token[1]}"}
    assert (await world.client.get("/v1/audit-events", headers=headers)).status_code == 200
    listed = await alice.open("/sessions")
    assert "deploys" in listed.text
    assert token[1] not in listed.text
    assert (await alice.press("/api-tokens/.*/revoke")).status_code == 303
    gone = await world.client.get("/v1/audit-events", headers=headers)
    assert gone.json()["reason"] == "token_revoked"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x", "expires_at": "2001-01-01T00:00"}, "not in the future"),
        ({"name": "x", "expires_at": "tomorrow"}, "not a date and time"),
        ({"name": "x" * 201}, "name"),
    ],
)
async def test_a_token_that_cannot_be_is_said_in_the_form(browser_of, fields, problem):
    alice = await browser_of("alice")
    await alice.open("/api-tokens/new")
    answer = await alice.press("/api-tokens/new", **fields)
    assert answer.status_code == 422
    assert problem in answer.text
    assert 'role="alert"' in answer.text


async def test_changing_the_password_ends_everything_and_says_so(browser_of):
    alice, elsewhere = await browser_of("alice"), await browser_of("alice")
    await alice.open("/password")
    wrong = await alice.press("/password", current_password="not it", new_password="a new password")
    assert wrong.status_code == 422
    assert "The current password is not right." in wrong.text
    short = await alice.press("/password", current_password="correct horse", new_password="short")
    assert short.status_code == 422
    changed = await alice.press("/password", current_password="correct horse", new_password="a new password")
    assert changed.headers["location"] == "/sign-in?reason=password_changed"
    assert "reason=password_changed" in (await elsewhere.open("/sessions")).headers["location"]
    assert (await alice.sign_in("alice", "a new password")).status_code == 303


async def test_names_are_escaped(browser_of, world):
    nasty = "<script>alert(1)</script>"
    world.run("UPDATE account SET display_name = %(nasty)s", nasty=nasty)
    alice = await browser_of("alice")
    await alice.open("/api-tokens/new")
    await alice.press("/api-tokens/new", name='"><img src=x onerror=alert(1)>')
    shown = (await alice.open("/sessions")).text
    assert nasty not in shown
    assert "&lt;script&gt;" in shown
    assert "<img" not in shown


async def test_pages_work_without_javascript_for_nobody_but_the_signed_in(browser: Browser):
    for path in ("/sessions", "/sessions/now", "/password", "/api-tokens/new"):
        answer = await browser.open(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
