"""From the preview to the receipt."""

import pytest

from tests.http.world import UNKNOWN


async def test_the_preview_says_exactly_what_will_end_and_ends_nothing(browser_of, world):
    root, alice = await browser_of("root"), await world.sign_in("alice")
    await world.sign_in("alice")
    await alice.api_token()
    before = world.traces()
    page = await root.open(f"/accounts/{alice.account_id}/preview?what=suspend")
    assert page.status_code == 200
    text = " ".join(page.text.split())
    for told in ("<strong>2 sessions</strong>", "<strong>1 API token</strong>", "<strong>0 sockets</strong>"):
        assert told in text
    assert world.traces() == before


@pytest.mark.parametrize(
    ("what", "kind", "is_alive", "token_is_alive"),
    [
        ("sessions", "session_revoke_all", False, True),
        ("tokens", "token_revoke_all", True, False),
        ("suspend", "account_suspend", False, False),
        ("delete", "account_delete", False, False),
    ],
)
async def test_the_button_of_the_preview_ends_it_and_leads_to_the_receipt(
    browser_of, world, *, what, kind, is_alive, token_is_alive
):
    root, alice = await browser_of("root"), await world.sign_in("alice")
    token = await alice.api_token()
    await root.open(f"/accounts/{alice.account_id}/preview?what={what}")
    answer = await root.press("/accounts/.*/end")
    assert answer.status_code == 303
    (row,) = world.rows("SELECT id, kind, requested_by FROM revocation")
    assert answer.headers["location"] == f"/receipts/{row['id']}"
    assert (row["kind"], row["requested_by"]) == (kind, world.accounts["root"])
    assert (await alice.is_alive(), await token.is_alive()) == (is_alive, token_is_alive)
    assert (await root.open(answer.headers["location"])).status_code == 200


async def test_one_session_ends_and_the_others_stay(browser_of, world):
    olga, one, other = await browser_of("olga"), await world.sign_in("alice"), await world.sign_in("alice")
    await olga.open(f"/accounts/{one.account_id}/preview?what=session&session={one.session_id}")
    assert (await olga.press("/accounts/.*/end")).status_code == 303
    assert (await one.is_alive(), await other.is_alive()) == (False, True)


async def test_pressing_twice_is_one_revocation(browser_of, world):
    olga, alice = await browser_of("olga"), await world.sign_in("alice")
    await olga.open(f"/accounts/{alice.account_id}/preview?what=sessions")
    (form,) = [form for form in olga.forms if form.action.endswith("/end")]
    first = await olga.send(form.action, form.fields)
    second = await olga.send(form.action, form.fields)
    assert first.headers["location"] == second.headers["location"]
    assert world.count("revocation") == 1


@pytest.mark.parametrize("headers", [{"origin": "https://evil.test"}, {"origin": "null"}])
async def test_a_form_of_another_site_ends_nothing(browser_of, world, headers):
    olga, alice = await browser_of("olga"), await world.sign_in("alice")
    fields = {"what": "sessions", "idempotency_key": "a-key"}
    answer = await olga.send(f"/accounts/{alice.account_id}/end", fields, **headers)
    assert answer.status_code == 403
    assert await alice.is_alive()


@pytest.mark.parametrize("name", ["bob", "zoe", "alice"])
async def test_out_of_scope_nothing_can_be_seen_or_ended(browser_of, world, name):
    other, victim = await browser_of(name), await world.sign_in("olga")
    before = world.traces()
    path = f"/accounts/{victim.account_id}"
    one = f"what=session&session={victim.session_id}"
    refused = {403} if name in {"alice", "bob"} else {404}
    for address in (f"{path}/preview?what=sessions", f"{path}/preview?{one}"):
        assert (await other.open(address)).status_code in refused
    for fields in ({"what": "sessions"}, {"what": "session", "session": victim.session_id}):
        assert (await other.send(f"{path}/end", fields)).status_code in refused
    assert world.traces() == before
    assert await victim.is_alive()


@pytest.mark.parametrize("what", ["tokens", "suspend", "delete"])
async def test_an_organizations_admin_cannot_do_what_global_admins_may(browser_of, world, what):
    olga, alice = await browser_of("olga"), await world.sign_in("alice")
    assert (await olga.open(f"/accounts/{alice.account_id}/preview?what={what}")).status_code == 403
    assert (await olga.send(f"/accounts/{alice.account_id}/end", {"what": what})).status_code == 403
    assert (await olga.send(f"/accounts/{alice.account_id}/unsuspend")).status_code == 403
    assert await alice.is_alive()


async def test_a_suspension_is_lifted_by_its_button(browser_of, world):
    root, alice = await browser_of("root"), world.accounts["alice"]
    world.run("UPDATE account SET suspended_at = now() WHERE id = %(id)s", id=alice)
    await root.open(f"/accounts/{alice}")
    answer = await root.press("/accounts/.*/unsuspend")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/accounts/{alice}")
    await world.sign_in("alice")


async def test_who_ends_their_own_session_is_warned_and_then_signed_out(browser_of, world):
    olga = await browser_of("olga")
    path = f"/accounts/{world.accounts['olga']}"
    page = await olga.open(f"{path}/preview?what=sessions")
    assert "the session that you are looking with" in page.text
    answer = await olga.press("/accounts/.*/end")
    assert answer.headers["location"] == "/sign-in?reason=all_sessions_revoked"
    assert "cutoff_session" not in olga.cookies


async def test_the_last_global_admin_is_told_that_they_have_to_stay(browser_of, world):
    root = await browser_of("root")
    world.run("UPDATE account SET is_global_admin = false WHERE email = 'ruth@cutoff.test'")
    path = f"/accounts/{world.accounts['root']}"
    for answer in (
        await root.open(f"{path}/preview?what=suspend"),
        await root.send(f"{path}/end", {"what": "suspend"}),
    ):
        assert answer.status_code == 409
        assert "the last Global Admin" in answer.text


@pytest.mark.parametrize(
    "asked",
    ["", "what=everything", "what=session", f"what=sessions&session={UNKNOWN}", "what=session&session=1"],
)
async def test_what_no_page_offers_is_refused_politely(browser_of, world, asked):
    olga = await browser_of("olga")
    page = await olga.open(f"/accounts/{world.accounts['alice']}/preview?{asked}")
    assert page.status_code == 422
