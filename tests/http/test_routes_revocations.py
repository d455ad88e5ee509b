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
