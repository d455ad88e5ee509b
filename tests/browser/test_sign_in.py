from tests.browser.looks import looks_well
from tests.builders import PASSWORD


def test_the_sign_in_page_fits_and_is_accessible_in_every_look(new_page):
    page = new_page()
    page.goto("/sign-in?reason=session_revoked")
    assert page.get_by_role("status").filter(has_text="Your session was ended.").is_visible()
    looks_well(page, "sign in")


def test_a_wrong_password_is_said_and_a_right_one_lets_in(new_page, fleet):
    alice = fleet.make.account("alice")
    page = new_page()
    page.goto("/sessions")
    assert "/sign-in" in page.url
    page.get_by_label("E-mail address").fill(alice.email)
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").filter(has_text="do not belong together").wait_for()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions")
