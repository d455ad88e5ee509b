import pytest

from tests.http.world import PASSWORD, UNKNOWN, World, same_but_for_the_request_id

ACCOUNT_ROUTES = [
    ("GET", "/v1/admin/accounts/{id}/sessions"),
    ("POST", "/v1/admin/accounts/{id}/sessions/terminate-all"),
    ("POST", "/v1/admin/accounts/{id}/api-tokens/revoke-all"),
    ("POST", "/v1/admin/accounts/{id}/suspend"),
    ("POST", "/v1/admin/accounts/{id}/unsuspend"),
    ("DELETE", "/v1/admin/accounts/{id}"),
]
ALL_ROUTES = [("GET", "/v1/admin/accounts"), ("DELETE", "/v1/admin/sessions/{id}"), *ACCOUNT_ROUTES]


@pytest.mark.parametrize(("method", "path"), ALL_ROUTES)
async def test_whoever_is_no_admin_is_refused_and_nothing_changes(world: World, method, path):
    """B21, B36."""
    alice, olga = await world.sign_in("alice"), await world.sign_in("olga")
    before = world.traces()
    target = olga.session_id if "sessions/{id}" in path else olga.account_id
    answer = await alice.ask(method, path.format(id=target))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:cutoff:problem:forbidden")
    assert world.traces() == before
    assert await olga.is_alive()


@pytest.mark.parametrize(("method", "path"), ALL_ROUTES[1:])
async def test_an_unknown_id_is_not_found_and_the_attempt_is_on_record(world: World, method, path):
    """B39."""
    root = await world.sign_in("root")
    before = world.traces()
    answer = await root.ask(method, path.format(id=UNKNOWN))
    assert answer.status_code == 404
    assert world.traces() == before
    failures = world.rows("SELECT * FROM audit_event WHERE outcome = 'failure'")
    is_recorded = method != "GET" and "unsuspend" not in path
    assert [UNKNOWN in str(dict(each)) for each in failures] == [True] * is_recorded


@pytest.mark.parametrize(("method", "path"), [ALL_ROUTES[1], ACCOUNT_ROUTES[0], ACCOUNT_ROUTES[1]])
async def test_an_organizations_admin_finds_another_organizations_people_as_unknown(
    world: World, method, path
):
    """B22, B15."""
    olga, bob = await world.sign_in("olga"), await world.sign_in("bob")
    target = bob.session_id if "sessions/{id}" in path else bob.account_id
    before = world.traces()
    foreign = await olga.ask(method, path.format(id=target))
    unknown = await olga.ask(method, path.format(id=UNKNOWN))
    assert foreign.status_code == 404
    assert same_but_for_the_request_id(foreign, unknown)
    assert world.traces() == before
    assert await bob.is_alive()


async def test_an_organizations_admin_sees_and_ends_what_belongs_to_its_people(world: World):
    olga, alice = await world.sign_in("olga"), await world.sign_in("alice")
    accounts = (await olga.get("/v1/admin/accounts")).json()["items"]
    assert {each["email"] for each in accounts} == {"olga@cutoff.test", "alice@cutoff.test"}
    sessions = (await olga.get(f"/v1/admin/accounts/{alice.account_id}/sessions")).json()["items"]
    assert [each["id"] for each in sessions] == [alice.session_id]
    answer = await olga.delete(f"/v1/admin/sessions/{alice.session_id}")
    assert answer.status_code == 202
    assert not await alice.is_alive()
    assert await olga.is_alive()


async def test_a_global_admin_sees_every_account_and_no_password_hash(world: World):
    root = await world.sign_in("root")
    listed = await root.get("/v1/admin/accounts")
    assert len(listed.json()["items"]) == 6
    assert "argon2" not in listed.text
    found = (await root.get("/v1/admin/accounts", params={"search": "BOB"})).json()["items"]
    assert [each["email"] for each in found] == ["bob@cutoff.test"]
    for nonsense in ("%", "\x00", "x" * 201):
        answer = await root.get("/v1/admin/accounts", params={"search": nonsense})
        assert answer.status_code in {200, 422}
        assert "items" not in answer.json() or answer.json()["items"] == []


async def test_ending_all_of_anothers_sessions_leaves_the_admins_own(world: World):
    """B37."""
    root, bob = await world.sign_in("root"), await world.sign_in("bob")
    path = f"/v1/admin/accounts/{bob.account_id}/sessions/terminate-all"
    answer = await root.post(path, headers={"prefer": "wait=5"})
    assert (answer.status_code, answer.json()["sessions_ended"]) == (200, 1)
    assert not await bob.is_alive()
    assert await root.is_alive()


async def test_ending_all_of_ones_own_sessions_as_admin_is_answered_first(world: World):
    """B38."""
    root = await world.sign_in("root")
    answer = await root.post(f"/v1/admin/accounts/{root.account_id}/sessions/terminate-all")
    assert answer.status_code == 202
    assert not await root.is_alive()


async def test_revoking_all_of_anothers_tokens_leaves_their_sessions(world: World):
    root, bob = await world.sign_in("root"), await world.sign_in("bob")
    token = await bob.api_token()
    answer = await root.post(f"/v1/admin/accounts/{bob.account_id}/api-tokens/revoke-all")
    assert answer.status_code == 202
    assert not await token.is_alive()
    assert await bob.is_alive()


async def test_a_suspended_account_is_refused_everywhere_and_unsuspending_revives_nothing(
    world: World, client
):
    """B40, B41."""
    root, bob = await world.sign_in("root"), await world.sign_in("bob")
    token = await bob.api_token()
    assert (await root.post(f"/v1/admin/accounts/{bob.account_id}/suspend")).status_code == 202
    for each in (bob, token):
        refused = await each.get("/v1/audit-events")
        assert (refused.status_code, refused.json()["reason"]) == (401, "account_suspended")
    body = {"email": "bob@cutoff.test", "password": PASSWORD}
    assert (await client.post("/v1/auth/login", json=body)).status_code == 401
    refresh = await client.post("/v1/auth/refresh", json={"refresh_token": bob.refresh_token})
    assert refresh.status_code == 401
    assert (await root.post(f"/v1/admin/accounts/{bob.account_id}/unsuspend")).status_code == 204
    assert not await bob.is_alive()
    assert not await token.is_alive()
    await world.sign_in("bob")


async def test_deleting_an_account_ends_it_and_keeps_its_records(world: World):
    """B42."""
    root, bob = await world.sign_in("root"), await world.sign_in("bob")
    answer = await root.delete(f"/v1/admin/accounts/{bob.account_id}")
    assert answer.status_code == 202
    refused = await bob.get("/v1/sessions")
    assert (refused.status_code, refused.json()["reason"]) == (401, "account_deleted")
    receipt = await root.get(answer.headers["location"])
    assert receipt.status_code == 200
    events = (await root.get("/v1/audit-events", params={"type": "account_delete"})).json()["items"]
    assert [each["account_id"] for each in events] == [bob.account_id]


@pytest.mark.parametrize(("method", "path"), [ACCOUNT_ROUTES[3], ACCOUNT_ROUTES[5]])
async def test_the_last_admin_stays(world: World, method, path):
    """B43."""
    root = await world.sign_in("root")
    world.run("UPDATE account SET is_global_admin = false WHERE email = 'ruth@cutoff.test'")
    before = world.traces()
    answer = await root.ask(method, path.format(id=root.account_id))
    assert (answer.status_code, answer.json()["rule"]) == (409, "last_global_admin")
    assert world.traces() == before
    assert await root.is_alive()
    assert world.count("audit_event", "outcome = 'failure'") == 1


async def test_an_account_is_shown_to_admins_in_scope_and_unknown_to_others(world: World):
    """B14, B15."""
    olga, zoe, alice = [await world.sign_in(name) for name in ("olga", "zoe", "alice")]
    shown = await olga.get(f"/v1/admin/accounts/{alice.account_id}")
    assert shown.status_code == 200
    body = shown.json()
    assert (body["account"]["email"], body["account"]["live_sessions"]) == ("alice@cutoff.test", 1)
    assert [role["slug"] for role in body["organizations"]] == ["acme"]
    foreign = await zoe.get(f"/v1/admin/accounts/{alice.account_id}")
    unknown = await zoe.get(f"/v1/admin/accounts/{UNKNOWN}")
    assert foreign.status_code == 404
    assert same_but_for_the_request_id(foreign, unknown)
    assert (await alice.get(f"/v1/admin/accounts/{alice.account_id}")).status_code == 403


async def test_a_global_admin_sees_an_accounts_tokens_by_name_and_never_the_token(world: World):
    root, olga, alice = [await world.sign_in(name) for name in ("root", "olga", "alice")]
    token = await alice.api_token(name="the printer")
    path = f"/v1/admin/accounts/{alice.account_id}/api-tokens"
    answer = await root.get(path)
    (shown,) = answer.json()["items"]
    assert (shown["id"], shown["name"]) == (token.session_id, "the printer")
    assert token.session_token not in answer.text
    assert (await olga.get(path)).status_code == 403


async def test_a_deleted_account_is_listed_for_global_admins_on_request(world: World):
    root, olga, alice = [await world.sign_in(name) for name in ("root", "olga", "alice")]
    await root.delete(f"/v1/admin/accounts/{alice.account_id}")

    async def shown(who, **params):
        items = (await who.get("/v1/admin/accounts", params={"search": "alice", **params})).json()["items"]
        return [item["deleted_at"] is not None for item in items]

    assert await shown(root) == []
    assert await shown(root, with_deleted=True) == [True]
    assert await shown(olga, with_deleted=True) == []
