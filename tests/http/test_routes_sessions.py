import asyncio

import pytest

from tests.http.world import UNKNOWN, World, same_but_for_the_request_id


async def test_ones_live_sessions_are_listed_with_device_address_and_activity_and_without_any_hash(
    world: World,
):
    """B268."""
    me = await world.sign_in("alice")
    other = await world.sign_in("alice")
    await world.sign_in("bob")
    gone = await world.sign_in("alice")
    await gone.post("/v1/auth/logout")
    listed = (await me.get("/v1/sessions")).json()
    assert [item["id"] for item in listed["items"]] == [other.session_id, me.session_id]
    assert [item["is_current"] for item in listed["items"]] == [False, True]
    assert listed["items"][0]["ip_address"] == "198.51.100.7"
    assert "Firefox" in listed["items"][0]["device"]
    assert listed["items"][0]["last_active_at"]
    assert not [name for name in listed["items"][0] if "hash" in name or "token" in name]
    assert listed["next"] is None


async def test_lists_are_paged_and_each_row_comes_once(world: World):
    me = await world.sign_in("alice")
    for _ in range(4):
        await world.sign_in("alice")
    seen, cursor = [], None
    for _ in range(3):
        params = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = (await me.get("/v1/sessions", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    "params",
    [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "%00"}, {"cursor": "a" * 300}],
)
async def test_a_page_that_cannot_be_is_a_validation_problem(world: World, params):
    me = await world.sign_in("alice")
    assert (await me.get("/v1/sessions", params=params)).status_code == 422


async def test_ending_one_session_answers_with_its_receipt_and_its_address(world: World, queue):
    """B64."""
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    answer = await me.delete(f"/v1/sessions/{other.session_id}")
    assert answer.status_code == 202
    receipt = answer.json()
    assert answer.headers["location"] == f"/v1/revocations/{receipt['id']}"
    assert [str(each) for each in queue.taken] == [receipt["id"]]
    assert (receipt["kind"], receipt["target_id"]) == ("session_revoke", other.session_id)
    refused = await other.get("/v1/sessions")
    assert (refused.status_code, refused.json()["reason"]) == (401, "session_revoked")
    assert await me.is_alive()


async def test_ending_a_session_again_succeeds_and_leaves_no_second_trace(world: World, queue, publisher):
    """B7."""
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    first = await me.delete(f"/v1/sessions/{other.session_id}")
    before, published = world.traces(), len(publisher.published)
    second = await me.delete(f"/v1/sessions/{other.session_id}")
    assert second.status_code == 202
    assert second.json()["id"] == first.json()["id"]
    assert world.traces() == before
    assert len(publisher.published) == published
    assert len(queue.taken) == 1


async def test_ending_one_session_by_two_requests_at_once_is_one_end_and_both_get_a_receipt(world: World):
    """B8."""
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    answers = await asyncio.gather(*(me.delete(f"/v1/sessions/{other.session_id}") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert world.traces() == (1, 1, 1)


async def test_a_foreign_session_gets_the_answer_of_an_unknown_one_and_is_untouched(world: World, queue):
    """B13, B15."""
    alice, bob = await world.sign_in("alice"), await world.sign_in("bob")
    before = world.traces()
    foreign = await alice.delete(f"/v1/sessions/{bob.session_id}")
    unknown = await alice.delete(f"/v1/sessions/{UNKNOWN}")
    assert foreign.status_code == 404
    assert same_but_for_the_request_id(foreign, unknown)
    assert await bob.is_alive()
    assert world.traces() == before
    assert queue.taken == []


async def test_a_probe_is_on_record_as_a_failure_under_whoever_probed(world: World):
    """B16."""
    alice, bob = await world.sign_in("alice"), await world.sign_in("bob")
    await alice.delete(f"/v1/sessions/{bob.session_id}")
    events = world.rows("SELECT * FROM audit_event WHERE outcome = 'failure'")
    assert len(events) == 1
    assert events[0]["type"] == "session_revoke"
    assert events[0]["account_id"] == alice.account_id
    assert bob.session_id in str(dict(events[0]))


async def test_a_malformed_id_writes_nothing(world: World):
    """B17."""
    me = await world.sign_in("alice")
    before = world.traces(), world.count("audit_event")
    assert (await me.delete("/v1/sessions/not-an-id")).status_code == 422
    assert (world.traces(), world.count("audit_event")) == before


async def test_terminating_all_but_this_spares_the_session_that_asks(world: World):
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    token = await me.api_token()
    answer = await me.post("/v1/sessions/terminate-all", json={"except_current": True})
    assert (answer.status_code, answer.json()["sparing_session_id"]) == (202, me.session_id)
    assert await me.is_alive()
    assert await token.is_alive()
    assert not await other.is_alive()


async def test_terminating_all_ends_the_session_that_asks_after_its_reply(world: World, client):
    _, page = await world.sign_in_with_cookie("alice")
    answer = await client.post("/v1/sessions/terminate-all", json={"except_current": False}, headers=page)
    assert answer.status_code == 202
    assert 'cutoff_session=""' in answer.headers["set-cookie"]
    refused = await client.get("/v1/sessions", headers=page)
    assert (refused.status_code, refused.json()["reason"]) == (401, "all_sessions_revoked")


@pytest.mark.parametrize(
    "body", [None, {}, {"except_current": None}, {"except_current": 1}, {"except_me": True}]
)
async def test_whether_to_spare_oneself_has_to_be_said(world: World, body):
    me = await world.sign_in("alice")
    answer = await me.post("/v1/sessions/terminate-all", json=body)
    assert answer.status_code == 422
    assert await me.is_alive()
