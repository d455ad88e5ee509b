import pytest

from tests.http.world import World


async def test_people_see_their_own_trail_and_nobody_elses(world: World):
    alice, bob = await world.sign_in("alice"), await world.sign_in("bob")
    await bob.post("/v1/auth/logout")
    events = (await alice.get("/v1/audit-events")).json()["items"]
    assert {event["account_id"] for event in events} == {alice.account_id}
    assert [event["type"] for event in events] == ["sign_in"]


async def test_a_global_admin_sees_all_and_may_ask_for_one_type(world: World):
    root, bob = await world.sign_in("root"), await world.sign_in("bob")
    await bob.post("/v1/auth/logout")
    events = (await root.get("/v1/audit-events", params={"type": "logout"})).json()["items"]
    assert [(event["account_id"], event["outcome"]) for event in events] == [(bob.account_id, "success")]


async def test_each_revocation_leaves_one_success_event_with_actor_target_and_address(world: World):
    """B256."""
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    receipt = (await me.delete(f"/v1/sessions/{other.session_id}")).json()
    (event,) = world.rows("SELECT * FROM audit_event WHERE revocation_id = %(id)s", id=receipt["id"])
    assert (event["outcome"], event["type"]) == ("success", "session_revoke")
    assert (event["actor_id"], event["session_id"]) == (me.account_id, other.session_id)
    assert (event["ip_address"], event["credential_type"]) == ("198.51.100.7", "session")


@pytest.mark.parametrize("params", [{"type": "a b"}, {"type": "x" * 65}, {"org": "%00"}, {"cursor": "!"}])
async def test_a_question_of_the_wrong_shape_is_a_validation_problem(world: World, params):
    alice = await world.sign_in("alice")
    assert (await alice.get("/v1/audit-events", params=params)).status_code == 422


async def test_the_trail_is_searched_by_outcome_people_text_and_time(world: World):
    root, alice = await world.sign_in("root"), await world.sign_in("alice")
    await alice.delete(f"/v1/sessions/{root.session_id}")

    async def found(**params):
        answer = await root.get("/v1/audit-events", params=params)
        assert answer.status_code == 200, answer.text
        return [event["type"] for event in answer.json()["items"]]

    assert await found(outcome="failure") == ["session_revoke"]
    assert await found(outcome="failure", account="root@cutoff.test") == []
    assert await found(outcome="failure", actor="alice@cutoff.test", text=root.session_id) == [
        "session_revoke"
    ]
    assert await found(until="2026-01-01T00:00:00+01:00") == []
