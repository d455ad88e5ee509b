import pytest

from tests.http.pages.conftest import without_request_id
from tests.http.world import UNKNOWN


async def test_an_admin_sees_where_a_member_is_signed_in(browser_of, world):
    olga, alice = await browser_of("olga"), await world.sign_in("alice")
    page = await olga.open(f"/accounts/{alice.account_id}")
    assert page.status_code == 200
    assert "Firefox" in page.text
    assert "Acme (member)" in page.text
    assert f'data-topic="account:{alice.account_id}"' in page.text
    live = await olga.open(f"/accounts/{alice.account_id}/live")
    assert live.text.lstrip().startswith('<section id="account"')


async def test_what_somebody_called_their_token_or_themselves_is_no_markup(browser_of, world):
    root, alice = await browser_of("root"), await world.sign_in("alice")
    evil = "<img src=x onerror=alert(1)>"
    await alice.api_token(name=evil)
    world.run("UPDATE account SET display_name = %(evil)s", evil=evil)
    world.run("UPDATE session SET device = %(evil)s", evil=evil)
    page = await root.open(f"/accounts/{alice.account_id}")
    assert "<img" not in page.text
    assert page.text.count("&lt;img src=x") >= 3


async def test_tokens_suspension_and_deletion_are_offered_to_global_admins_only(browser_of, world):
    root, olga, alice = await browser_of("root"), await browser_of("olga"), await world.sign_in("alice")
    token = await alice.api_token(name="the printer")
    path = f"/accounts/{alice.account_id}"
    seen = (await root.open(path)).text
    assert "the printer" in seen
    assert token.session_token not in seen
    offered = [form.fields["what"] for form in root.forms if "what" in form.fields]
    assert offered == ["session", "sessions", "tokens", "suspend", "delete"]
    assert "the printer" not in (await olga.open(path)).text
    assert [form.fields["what"] for form in olga.forms if "what" in form.fields] == ["session", "sessions"]


@pytest.mark.parametrize("page", ["", "/live", "/preview?what=sessions"])
async def test_a_foreign_account_is_the_same_404_page_as_an_unknown_one(browser_of, world, page):
    """B14, B15."""
    olga = await browser_of("olga")
    foreign = await olga.open(f"/accounts/{world.accounts['bob']}{page}")
    unknown = await olga.open(f"/accounts/{UNKNOWN}{page}")
    assert foreign.status_code == unknown.status_code == 404
    assert without_request_id(foreign) == without_request_id(unknown)
    assert (await olga.open("/accounts/not-an-id")).status_code == 404


async def test_a_deleted_account_offers_nothing_more(browser_of, world):
    root, alice = await browser_of("root"), world.accounts["alice"]
    world.run("UPDATE account SET deleted_at = now() WHERE id = %(id)s", id=alice)
    page = await root.open(f"/accounts/{alice}")
    assert page.status_code == 200
    assert [form.action for form in root.forms] == ["/sign-out"]
