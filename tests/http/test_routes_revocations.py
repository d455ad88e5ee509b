import pytest

from tests.http.world import UNKNOWN, World, same_but_for_the_request_id


async def test_a_receipt_is_shown_to_who_asked_to_whom_it_concerns_and_to_an_admin(world: World):
    alice, olga, root = [await world.sign_in(name) for name in ("alice", "olga", "root")]
    other = await world.sign_in("alice")
    ended = await root.delete(f"/v1/admin/sessions/{other.session_id}")
    for each in (root, alice, olga):
        answer = await each.get(ended.headers["location"])
        assert (answer.status_code, answer.json()["id"]) == (200, ended.json()["id"])


async def test_somebody_elses_receipt_gets_the_answer_of_an_unknown_one(world: World):
    """B14, B15."""
    alice, bob = await world.sign_in("alice"), await world.sign_in("bob")
    ended = await alice.post("/v1/auth/logout")
    foreign = await bob.get(ended.headers["location"])
    unknown = await bob.get(f"/v1/revocations/{UNKNOWN}")
    assert foreign.status_code == 404
    assert same_but_for_the_request_id(foreign, unknown)


async def test_an_api_token_may_read_its_accounts_receipts(world: World):
    alice, other = await world.sign_in("alice"), await world.sign_in("alice")
    token = await alice.api_token()
    ended = await alice.delete(f"/v1/sessions/{other.session_id}")
    assert (await token.get(ended.headers["location"])).json()["state"] == "confirmed"


async def test_receipts_are_listed_and_searched_by_whom_they_concern(world: World):
    alice, olga, bob = [await world.sign_in(name) for name in ("alice", "olga", "bob")]
    other = await world.sign_in("alice")
    ended = (await alice.delete(f"/v1/sessions/{other.session_id}")).json()["id"]
    token = await alice.api_token()

    async def found(who, **params):
        answer = await who.get("/v1/revocations", params=params)
        assert answer.status_code == 200, answer.text
        return [receipt["id"] for receipt in answer.json()["items"]]

    for each in (alice, olga, token):
        assert await found(each) == [ended]
    assert await found(bob) == []
    assert await found(olga, account="alice@cutoff.test", kind="session_revoke", source="request") == [ended]
    assert await found(olga, account=bob.account_id) == []
    assert await found(alice, until="2026-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "params",
    [{"state": "gone"}, {"kind": "a b"}, {"since": "2026-01-01"}, {"cursor": "!"}, {"account": "a\x01b"}],
)
async def test_a_search_of_the_wrong_shape_is_a_validation_problem(world: World, params):
    alice = await world.sign_in("alice")
    assert (await alice.get("/v1/revocations", params=params)).status_code == 422
