from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.http.parts import ORIGIN
from tests.http.world import UNKNOWN, Signed, World, same_but_for_the_request_id

GRANTS = "/v1/orgs/acme/support-grants"
SESSIONS = "/v1/orgs/acme/support-sessions"


def later(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


async def grant(admin: Signed, **body: object) -> dict[str, object]:
    answer = await admin.post(GRANTS, json={"expires_at": later(hours=1), "reason": "ticket 7", **body})
    assert answer.status_code == 201, answer.text
    saved: dict[str, object] = answer.json()
    return saved


def bearer(admin: Signed, token: str) -> Signed:
    return Signed(
        client=admin.client,
        headers={"authorization": f"Bearer {token}"},
        account_id=admin.account_id,
        session_id="",
        session_token=token,
        refresh_token="",
    )


async def open_session(admin: Signed, **body: object) -> Signed:
    answer = await admin.post(SESSIONS, json=body)
    assert answer.status_code == 201, answer.text
    return bearer(admin, answer.json()["session_token"])


async def test_an_organizations_admin_gives_and_lists_grants_by_slug_or_id(world: World):
    olga = await world.sign_in("olga")
    saved = await grant(olga)
    by_id = await olga.get(f"/v1/orgs/{world.acme}/support-grants")
    by_slug = await olga.get(GRANTS)
    assert by_id.json() == by_slug.json()
    assert [each["id"] for each in by_id.json()["items"]] == [saved["id"]]
    assert saved["is_usable"]
    assert saved["revoked_at"] is None


async def test_the_end_of_a_grant_is_stored_in_utc(world: World):
    olga = await world.sign_in("olga")
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    eastern = end.astimezone(timezone(timedelta(hours=5))).isoformat()
    saved = await grant(olga, expires_at=eastern)
    assert str(saved["expires_at"]) == end.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    "expires_at",
    [
        "2001-01-01T00:00:00Z",
        "2100-01-01T00:00:00Z",
        "2100-01-01T00:00:00",
        "tomorrow",
        4102444800,
        None,
        "4102444800",
    ],
)
async def test_an_end_in_the_past_too_late_or_without_zone_is_refused(world: World, expires_at):
    """B224, B232."""
    olga = await world.sign_in("olga")
    answer = await olga.post(GRANTS, json={"expires_at": expires_at, "reason": "x"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "expires_at"
    saved = await grant(olga)
    answer = await olga.ask("PATCH", f"{GRANTS}/{saved['id']}", json={"expires_at": expires_at})
    assert answer.status_code == 422
    assert world.count("support_access_grant") == 1


async def test_a_named_admin_may_open_a_support_session_and_another_may_not(world: World):
    olga, root, ruth = [await world.sign_in(name) for name in ("olga", "root", "ruth")]
    await grant(olga, admin_account_id=root.account_id)
    assert (await root.post(SESSIONS, json={})).status_code == 201
    assert (await ruth.post(SESSIONS, json={})).status_code in {403, 404}


async def test_where_a_grant_names_nobody_any_global_admin_may_and_nobody_else(world: World):
    olga, ruth = await world.sign_in("olga"), await world.sign_in("ruth")
    await grant(olga)
    assert (await ruth.post(SESSIONS, json={})).status_code == 201
    assert (await olga.post(SESSIONS, json={})).status_code in {403, 404}


async def test_without_a_grant_there_is_no_support_session(world: World):
    root = await world.sign_in("root")
    assert (await root.post(SESSIONS, json={})).status_code in {403, 404}


async def test_from_the_end_on_access_is_denied_though_no_job_has_run(world: World):
    """B226."""
    olga, root = await world.sign_in("olga"), await world.sign_in("root")
    saved = await grant(olga)
    support = await open_session(root)
    world.run(
        "UPDATE support_access_grant SET expires_at = clock_timestamp() WHERE id = %(id)s", id=saved["id"]
    )
    refused = await support.post("/v1/auth/logout")
    assert (refused.status_code, refused.json()["reason"]) == (401, "support_access_ended")
    assert (await root.post(SESSIONS, json={})).status_code in {403, 404}
    assert await root.is_alive()


async def test_a_support_session_in_a_cookie_shows_no_token(world: World, client):
    olga, root = await world.sign_in("olga"), await world.sign_in("root")
    await grant(olga)
    answer = await root.post(SESSIONS, json={"cookie": True})
    assert answer.json()["session_token"] is None
    assert answer.headers["set-cookie"].startswith("cutoff_support=cutoff_session_")
    client.cookies.clear()
    page = {"cookie": f"cutoff_support={answer.cookies['cutoff_support']}", "origin": ORIGIN}
    ended = await client.post("/v1/auth/logout", headers=page)
    assert ended.status_code == 202
    assert 'cutoff_support=""' in ended.headers["set-cookie"]
    assert await root.is_alive()


@pytest.mark.parametrize(
    "path", ["/v1/sessions", "/v1/api-tokens", "/v1/admin/accounts", "/v1/nodes", GRANTS]
)
async def test_a_support_session_is_good_for_its_organizations_messages_only(world: World, path):
    olga, root = await world.sign_in("olga"), await world.sign_in("root")
    await grant(olga)
    support = await open_session(root)
    assert (await support.get(path)).status_code == 403


async def test_revoking_a_grant_ends_the_sessions_under_it_and_only_those(world: World):
    """B229."""
    olga, root = await world.sign_in("olga"), await world.sign_in("root")
    saved = await grant(olga)
    support = await open_session(root)
    answer = await olga.delete(f"{GRANTS}/{saved['id']}", headers={"prefer": "wait=5"})
    assert (answer.status_code, answer.json()["kind"]) == (200, "support_grant_end")
    refused = await support.post("/v1/auth/logout")
    assert (refused.status_code, refused.json()["reason"]) == (401, "support_access_revoked")
    assert await root.is_alive()
    again = await olga.delete(f"{GRANTS}/{saved['id']}")
    assert (again.status_code, again.json()["id"]) == (202, answer.json()["id"])


async def test_a_grants_end_moves_later_and_earlier(world: World):
    olga = await world.sign_in("olga")
    saved = await grant(olga)
    for hours in (5, 1):
        end = later(hours=hours)
        answer = await olga.ask("PATCH", f"{GRANTS}/{saved['id']}", json={"expires_at": end})
        assert answer.status_code == 200
        assert datetime.fromisoformat(answer.json()["expires_at"]) == datetime.fromisoformat(end)


async def test_a_grant_of_another_organization_is_as_good_as_unknown(world: World, queue):
    """B14, B15, B22, B236."""
    olga, zoe = await world.sign_in("olga"), await world.sign_in("zoe")
    saved = await grant(olga)
    theirs = "/v1/orgs/zeta/support-grants"
    before = world.traces()
    for method, json in (("DELETE", None), ("PATCH", {"expires_at": later(hours=2)})):
        foreign = await zoe.ask(method, f"{theirs}/{saved['id']}", json=json)
        unknown = await zoe.ask(method, f"{theirs}/{UNKNOWN}", json=json)
        assert foreign.status_code == 404
        assert same_but_for_the_request_id(foreign, unknown)
        assert (await zoe.ask(method, f"{GRANTS}/{saved['id']}", json=json)).status_code in {403, 404}
    elsewhere = await zoe.get(GRANTS)
    nowhere = await zoe.get("/v1/orgs/nowhere/support-grants")
    assert same_but_for_the_request_id(elsewhere, nowhere)
    assert world.traces() == before
    assert queue.taken == []


async def test_somebody_elses_support_session_is_as_good_as_unknown(world: World, queue):
    """B14, B15: to another Global Admin, and to the admin of the organization that it is in."""
    olga, root, ruth = [await world.sign_in(name) for name in ("olga", "root", "ruth")]
    await grant(olga)
    await open_session(root)
    (support,) = world.rows("SELECT id FROM session WHERE grant_id IS NOT NULL")
    before = world.traces()
    for prober, path in ((ruth, "/v1/sessions"), (olga, "/v1/sessions"), (olga, "/v1/admin/sessions")):
        foreign = await prober.delete(f"{path}/{support['id']}")
        unknown = await prober.delete(f"{path}/{UNKNOWN}")
        assert foreign.status_code == 404
        assert same_but_for_the_request_id(foreign, unknown)
    assert world.count("session", "grant_id IS NOT NULL AND terminated_at IS NULL") == 1
    assert world.traces() == before
    assert queue.taken == []


async def test_a_member_who_is_no_admin_gives_no_grant(world: World):
    alice = await world.sign_in("alice")
    answer = await alice.post(GRANTS, json={"expires_at": later(hours=1), "reason": "x"})
    assert answer.status_code in {403, 404}
    assert world.count("support_access_grant") == 0
