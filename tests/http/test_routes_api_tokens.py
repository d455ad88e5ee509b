import pytest

from tests.http.world import UNKNOWN, World, same_but_for_the_request_id


async def test_an_api_token_is_shown_once_and_listed_without_itself(world: World):
    """B250."""
    me = await world.sign_in("alice")
    token = await me.api_token(name="ci")
    listed = await me.get("/v1/api-tokens")
    assert [item["id"] for item in listed.json()["items"]] == [token.session_id]
    assert token.session_token.startswith("cutoff_api_")
    assert token.session_token not in listed.text
    assert "hash" not in listed.text
    assert await token.is_alive()


async def test_minting_ends_nothing_and_publishes_nothing(world: World, publisher):
    """B248."""
    me = await world.sign_in("alice")
    first = await me.api_token()
    await me.api_token()
    assert await first.is_alive()
    assert world.traces() == (0, 0, 0)
    assert publisher.published == []


async def test_revoking_one_leaves_the_others(world: World):
    me = await world.sign_in("alice")
    one, two = await me.api_token(), await me.api_token()
    answer = await me.delete(f"/v1/api-tokens/{one.session_id}")
    assert (answer.status_code, answer.json()["kind"]) == (202, "token_revoke")
    refused = await one.get("/v1/audit-events")
    assert (refused.status_code, refused.json()["reason"]) == (401, "token_revoked")
    assert await two.is_alive()
    assert await me.is_alive()


async def test_revoking_all_leaves_the_sessions(world: World):
    me = await world.sign_in("alice")
    tokens = [await me.api_token() for _ in range(3)]
    answer = await me.post("/v1/api-tokens/revoke-all", headers={"prefer": "wait=5"})
    assert (answer.status_code, answer.json()["tokens_ended"]) == (200, 3)
    assert [await token.is_alive() for token in tokens] == [False] * 3
    assert await me.is_alive()


async def test_a_foreign_api_token_gets_the_answer_of_an_unknown_one(world: World):
    """B14, B15."""
    alice, bob = await world.sign_in("alice"), await world.sign_in("bob")
    token = await bob.api_token()
    foreign = await alice.delete(f"/v1/api-tokens/{token.session_id}")
    unknown = await alice.delete(f"/v1/api-tokens/{UNKNOWN}")
    assert foreign.status_code == 404
    assert same_but_for_the_request_id(foreign, unknown)
    assert await token.is_alive()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "a\x00b"},
        {"name": "x" * 201},
        {"name": "x", "expires_at": "2030-01-01T00:00:00"},
        {"name": "x", "expires_at": "2030-01-01"},
        {"name": "x", "expires_at": 1893456000},
        {"name": "x", "expires_at": "1893456000"},
        {"name": "x", "expires_at": "9999-12-31T23:59:59-12:00"},
        {"name": "x", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "x", "scope": "all"},
    ],
)
async def test_an_api_token_of_the_wrong_shape_is_a_validation_problem(world: World, body):
    me = await world.sign_in("alice")
    answer = await me.post("/v1/api-tokens", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:cutoff:problem:invalid")
    assert world.count("api_token") == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/auth/password"),
        ("POST", "/v1/auth/logout"),
        ("GET", "/v1/sessions"),
        ("POST", "/v1/sessions/terminate-all"),
        ("DELETE", f"/v1/sessions/{UNKNOWN}"),
        ("GET", "/v1/api-tokens"),
        ("POST", "/v1/api-tokens"),
        ("DELETE", f"/v1/api-tokens/{UNKNOWN}"),
        ("POST", "/v1/api-tokens/revoke-all"),
    ],
)
async def test_what_only_a_session_may_is_refused_to_an_api_token_before_the_body_is_looked_at(
    world: World, method, path
):
    """B254."""
    token = await (await world.sign_in("alice")).api_token()
    before = world.count("audit_event"), world.traces()
    answer = await token.ask(method, path, content=b"{", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["needs"]) == (403, "session")
    assert (world.count("audit_event"), world.traces()) == before
