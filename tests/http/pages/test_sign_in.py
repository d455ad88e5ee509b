import pytest

from tests.http.pages.browser import Browser
from tests.http.parts import ORIGIN
from tests.http.world import PASSWORD

pytestmark = pytest.mark.usefixtures("world")


async def test_whoever_is_not_signed_in_is_sent_to_the_form_and_back_again(browser: Browser):
    sent = await browser.open("/sessions?ends=x")
    assert (sent.status_code, sent.text) == (303, "")
    assert sent.headers["location"] == "/sign-in?next=%2Fsessions%3Fends%3Dx"
    await browser.open(sent.headers["location"])
    answer = await browser.press("/sign-in", email="alice@cutoff.test", password=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sessions?ends=x")
    told = answer.headers["set-cookie"]
    assert "HttpOnly" in told
    assert "SameSite=lax" in told


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test/",
        "/\t/evil.test",
        "javascript:alert(1)",
        "/sign-out",
        "sessions",
        "/ü",
        "/" + "x" * 2000,
    ],
)
async def test_signing_in_leads_nowhere_but_to_a_page_of_ours(browser: Browser, wanted):
    fields = {"email": "alice@cutoff.test", "password": PASSWORD, "next": wanted}
    assert (await browser.send("/sign-in", fields)).headers["location"] == "/"
    shown = await browser.open("/sign-in?next=" + wanted.replace("\t", "%09"))
    assert next(form for form in browser.forms if form.action == "/sign-in").fields["next"] == "/"
    assert "evil" not in shown.text


async def test_the_first_page_is_ones_sessions(browser: Browser):
    assert (await browser.open("/")).headers["location"] == "/sessions"


async def test_a_wrong_password_is_said_and_the_address_is_kept_but_never_the_password(browser: Browser):
    await browser.open("/sign-in")
    answer = await browser.press("/sign-in", email='"><b>@cutoff.test', password="a wrong one")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert browser.forms[-1].fields["email"] == '"><b>@cutoff.test'
    assert "<b>" not in answer.text
    assert "a wrong one" not in answer.text
    assert "set-cookie" not in answer.headers


async def test_too_many_wrong_passwords_have_to_wait_as_in_the_api(browser: Browser, world):
    """B247: one count for both."""
    for _ in range(5):
        await browser.sign_in("alice", "wrong")
        body = {"email": "alice@cutoff.test", "password": "wrong"}
        await world.client.post("/v1/auth/login", json=body)
    answer = await browser.sign_in("alice")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many attempts" in answer.text


@pytest.mark.parametrize("headers", [{"origin": "https://evil.test"}, {"origin": "null"}])
async def test_another_site_can_neither_sign_in_nor_out_nor_end_anything(browser_of, world, headers):
    """B252, for forms."""
    alice, before = await browser_of("alice"), world.traces()
    credentials = {"email": "bob@cutoff.test", "password": PASSWORD}
    for path, fields in (("/sign-in", credentials), ("/sign-out", {}), ("/sessions/end-others", {})):
        answer = await alice.send(path, fields, **headers)
        assert answer.status_code == 403
        assert "text/html" in answer.headers["content-type"]
        assert "set-cookie" not in answer.headers
    assert world.traces() == before
    assert (await alice.open("/sessions")).status_code == 200


async def test_signing_out_ends_the_session_and_says_so(browser_of, world):
    alice = await browser_of("alice")
    cookie = alice.cookies["cutoff_session"]
    left = await alice.send("/sign-out")
    assert left.headers["location"] == "/sign-in?reason=logged_out"
    assert alice.cookies == {}
    assert "You have signed out." in (await alice.open(left.headers["location"])).text
    headers = {"cookie": f"cutoff_session={cookie}", "origin": ORIGIN}
    again = await world.client.get("/v1/sessions", headers=headers)
    assert again.json()["reason"] == "logged_out"


async def test_a_reason_that_is_not_ours_is_not_shown(browser: Browser):
    shown = await browser.open("/sign-in?reason=<script>")
    assert shown.status_code == 200
    assert "&lt;script&gt;" not in shown.text
    assert 'class="note"' not in shown.text
