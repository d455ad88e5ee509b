"""From request to receipt: durable, performed, told, and safe to repeat."""

import asyncio
import itertools
from dataclasses import replace
from unittest.mock import patch

import pytest

from app.domain.errors import Unavailable
from app.domain.ids import RevocationId
from app.http import revoking
from app.http.api import build_api
from app.http.idempotency import idempotency_of
from app.operations.read_receipt import read_receipt
from tests.http.parts import client_of
from tests.http.world import PASSWORD, World

KEY = {"idempotency-key": "once"}


async def test_the_row_is_durable_before_the_task_is_sent(world: World, deps):
    """B64, B74."""
    seen: list[int] = []
    me = await world.sign_in("alice")

    async def looking(revocation_id: RevocationId) -> bool:
        seen.append(world.count("revocation", f"id = '{revocation_id}' AND performed_at IS NULL"))
        return True

    async with client_of(build_api(replace(deps, enqueue=looking))) as client:
        answer = await client.post("/v1/auth/logout", headers=me.headers)
    assert (answer.status_code, answer.json()["state"]) == (202, "requested")
    assert seen == [1]


async def test_who_does_not_wait_gets_the_receipt_as_the_commit_left_it(world: World, bridge, queue):
    """Nothing is read for it, while a worker has the revocation in hand."""
    queue.performs = False
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    run = bridge.run

    async def does_not_read(operation, /, *args, **kwargs):
        assert operation is not read_receipt
        return await run(operation, *args, **kwargs)

    for path in (f"/v1/sessions/{other.session_id}", f"/v1/api-tokens/{(await me.api_token()).session_id}"):
        with patch.object(bridge, "run", does_not_read):
            answer = await me.delete(path)
        assert answer.status_code == 202
        assert answer.json() == (await me.get(answer.headers["location"])).json()


async def test_a_request_that_is_over_is_answered_with_the_receipt_as_it_stands(world: World):
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    states = [(await me.delete(f"/v1/sessions/{other.session_id}")).json()["state"] for _ in range(2)]
    assert states == ["requested", "confirmed"]


async def test_whoever_would_rather_wait_gets_200_with_the_settled_receipt(world: World):
    """B65."""
    me = await world.sign_in("alice")
    answer = await me.post("/v1/auth/logout", headers={"prefer": "wait=5"})
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    assert answer.headers["preference-applied"] == "wait=5"
    assert answer.json()["completed_at"]


async def test_a_wait_that_is_over_is_answered_with_the_receipt_as_it_stands(world: World, queue):
    """B65."""
    queue.performs = False
    me = await world.sign_in("alice")
    answer = await me.post("/v1/auth/logout", headers={"prefer": "wait=1"})
    assert (answer.status_code, answer.json()["state"]) == (202, "requested")


async def test_a_wait_ends_when_the_receipt_settles(world: World, queue):
    """B65."""
    queue.performs = False
    me = await world.sign_in("alice")
    waiting = asyncio.create_task(me.post("/v1/auth/logout", headers={"prefer": "wait=5"}))
    while not queue.taken:
        await asyncio.sleep(0.01)
    queue.performs = True
    await queue.enqueue(queue.taken[0])
    answer = await asyncio.wait_for(waiting, 2)
    assert answer.status_code == 200


async def test_a_database_that_goes_away_behind_the_durable_row_is_no_error(world: World, bridge):
    """B65."""
    me = await world.sign_in("alice")
    run = bridge.run

    async def goes_away(operation, /, *args, **kwargs):
        if operation is read_receipt:
            raise Unavailable("database")
        return await run(operation, *args, **kwargs)

    with patch.object(bridge, "run", goes_away):
        answer = await me.post("/v1/auth/logout", headers={"prefer": "wait=5"})
    assert (answer.status_code, answer.json()["state"]) == (202, "requested")
    receipt = (await (await world.sign_in("root")).get(answer.headers["location"])).json()
    assert receipt["id"] == answer.json()["id"]


async def test_a_database_that_goes_away_during_the_wait_leaves_the_receipt_as_it_stood(
    world: World, bridge, queue
):
    """B65."""
    queue.performs = False
    me = await world.sign_in("alice")
    run, looks = bridge.run, itertools.count(1)

    async def goes_away(operation, /, *args, **kwargs):
        if operation is read_receipt and next(looks) > 1:
            raise Unavailable("database")
        return await run(operation, *args, **kwargs)

    with patch.object(bridge, "run", goes_away):
        answer = await me.post("/v1/auth/logout", headers={"prefer": "wait=5"})
    assert (answer.status_code, answer.json()["kind"]) == (202, "logout")


@pytest.mark.parametrize("absurd", ["wait=-1", "wait=NaN", "wait=soon", "wait="])
async def test_an_absurd_wait_is_ignored(world: World, absurd):
    """B66."""
    me = await world.sign_in("alice")
    answer = await me.post("/v1/auth/logout", headers={"prefer": absurd})
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


async def test_a_wait_above_the_limit_is_capped(world: World):
    """B66."""
    me = await world.sign_in("alice")
    answer = await me.post("/v1/auth/logout", headers={"prefer": "wait=999999"})
    assert answer.headers["preference-applied"] == "wait=5"


async def test_waiting_requests_hold_no_connection(world: World, queue):
    """B66."""
    queue.performs = False
    sessions = [await world.sign_in("alice") for _ in range(10)]
    me = await world.sign_in("alice")
    waiting = [
        asyncio.create_task(me.delete(f"/v1/sessions/{each.session_id}", headers={"prefer": "wait=2"}))
        for each in sessions
    ]
    while len(queue.taken) < len(sessions):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    held = "datname = current_database() AND xact_start < clock_timestamp() - interval '0.25 s'"
    assert world.count("pg_stat_activity", held) == 0
    answer = await asyncio.wait_for(me.get("/v1/sessions"), 1)
    assert answer.status_code == 200
    assert {each.status_code for each in await asyncio.gather(*waiting)} == {202}


async def test_the_same_key_with_the_same_request_is_the_same_revocation(world: World, queue):
    """B67."""
    me = await world.sign_in("alice")
    await world.sign_in("alice")
    ask = {"json": {"except_current": True}, "headers": KEY}
    answers = await asyncio.gather(*(me.post("/v1/sessions/terminate-all", **ask) for _ in range(4)))
    answers.append(await me.post("/v1/sessions/terminate-all", **ask))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert world.traces() == (1, 1, 1)
    assert len(queue.taken) == 1


async def test_the_same_key_with_another_request_is_refused_and_nothing_happens(world: World, queue):
    """B68."""
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    await me.post("/v1/sessions/terminate-all", json={"except_current": True}, headers=KEY)
    third = await world.sign_in("alice")
    before = world.traces(), len(queue.taken)
    for refused in (
        await me.post("/v1/sessions/terminate-all", json={"except_current": False}, headers=KEY),
        await me.delete(f"/v1/sessions/{third.session_id}", headers=KEY),
    ):
        assert (refused.status_code, refused.json()["rule"]) == (409, "idempotency_key_reused")
    assert (world.traces(), len(queue.taken)) == before
    assert await third.is_alive()
    assert not await other.is_alive()


async def test_the_same_key_of_another_account_is_another_key(world: World):
    """B68."""
    alice, bob = await world.sign_in("alice"), await world.sign_in("bob")
    one = await alice.post("/v1/auth/logout", headers=KEY)
    two = await bob.post("/v1/auth/logout", headers=KEY)
    assert one.json()["id"] != two.json()["id"]


@pytest.mark.parametrize("key", ["a b", "x" * 256, b"\xe4"])
async def test_a_key_that_is_none_is_refused_and_nothing_ends(world: World, key):
    me = await world.sign_in("alice")
    answer = await me.post("/v1/auth/logout", headers={"idempotency-key": key})
    assert answer.status_code == 422
    assert await me.is_alive()


async def test_no_digest_of_a_password_can_be_guessed_from_the_stored_row(world: World):
    body = {"current_password": PASSWORD, "new_password": "another good password"}
    for name in ("alice", "bob"):
        me = await world.sign_in(name)
        await me.post("/v1/auth/password", json=body, headers=KEY)
    digests = [row["request_digest"] for row in world.rows("SELECT request_digest FROM revocation")]
    assert len(set(digests)) == 2
    guess = idempotency_of(
        "once", method="POST", path="/v1/auth/password", body=body, account_id=world.accounts["alice"]
    )
    assert guess is not None
    assert guess.request_digest not in digests


async def test_what_a_request_has_ended_itself_is_said_before_its_task_is_sent(
    world: World, deps, queue, publisher
):
    """B50: it is committed, and another connection sees it."""
    queue.performs = False
    me = await world.sign_in("alice")
    seen: list[tuple[int, int]] = []

    async def looking(_revocation_id: RevocationId) -> bool:
        seen.append((len(publisher.announced), world.count("closure", "target_kind = 'account'")))
        return True

    async with client_of(build_api(replace(deps, enqueue=looking))) as client:
        body = {"except_current": False}
        answer = await client.post("/v1/sessions/terminate-all", json=body, headers=me.headers)
    assert answer.json()["state"] == "requested"
    assert seen == [(1, 1)]
    (announced,) = publisher.announced
    (closure,) = announced.closures
    written = world.rows("SELECT target_key, system_identifier, xact_id::text FROM closure")
    assert [dict(row) for row in written] == [
        {
            "target_key": closure.target.key,
            "system_identifier": int(announced.system_identifier),
            "xact_id": str(closure.cause.transaction),
        }
    ]


async def test_a_request_that_ends_nothing_itself_leaves_the_word_to_its_performer(world: World, publisher):
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    await me.delete(f"/v1/sessions/{other.session_id}")
    await me.post("/v1/sessions/terminate-all", json={"except_current": True})
    await me.post("/v1/auth/logout")
    assert publisher.announced == []


async def test_a_request_that_comes_again_says_nothing_again(world: World, publisher, queue):
    queue.performs = False
    root = await world.sign_in("root")
    for _ in range(2):
        await root.post(f"/v1/admin/accounts/{world.accounts['bob']}/suspend", headers=KEY)
    await root.post(f"/v1/admin/accounts/{world.accounts['bob']}/suspend")
    assert len(publisher.announced) == 1


async def test_where_the_broker_does_not_take_the_task_the_handler_performs_it(
    world: World, queue, publisher
):
    """B69."""
    queue.takes = False
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    answer = await me.post("/v1/auth/logout", headers={"prefer": "wait=5"})
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    assert not await me.is_alive()
    assert publisher.published
    answer = await other.post("/v1/auth/logout")
    assert (answer.status_code, answer.json()["state"]) == (202, "confirmed")


async def test_where_nobody_can_perform_it_now_it_stays_durable_and_the_answer_is_202(world: World, queue):
    queue.takes = False
    me = await world.sign_in("alice")

    def away(*_args: object) -> None:
        raise Unavailable("database")

    with patch.object(revoking, "perform", away):
        answer = await me.post("/v1/auth/logout")
    assert (answer.status_code, answer.json()["state"]) == (202, "requested")
    assert world.count("revocation", "performed_at IS NULL") == 1


async def test_a_request_that_is_rolled_back_leaves_no_row_and_sends_no_task(world: World, queue):
    """B74."""
    me = await world.sign_in("alice")
    world.run("ALTER TABLE revocation ADD CONSTRAINT broken CHECK (kind <> 'logout')")
    answer = await me.post("/v1/auth/logout")
    assert answer.status_code == 500
    assert world.traces() == (0, 0, 0)
    assert queue.taken == []
    assert await me.is_alive()


async def test_a_revocation_is_performed_though_the_caller_has_gone(world: World, deps, queue):
    """B61."""
    me = await world.sign_in("alice")
    committed, go_on = asyncio.Event(), asyncio.Event()
    take = queue.enqueue

    async def slow(revocation_id: RevocationId) -> bool:
        committed.set()
        await go_on.wait()
        return bool(await take(revocation_id))

    async with client_of(build_api(replace(deps, enqueue=slow))) as client:
        asking = asyncio.create_task(client.post("/v1/auth/logout", headers=me.headers))
        await committed.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    go_on.set()
    while not queue.taken:
        await asyncio.sleep(0.01)
    while await me.is_alive():
        await asyncio.sleep(0.01)
    assert world.count("revocation", "performed_at IS NOT NULL") == 1


async def test_a_revocation_is_performed_though_its_answer_cannot_be_built(world: World, queue):
    """B61."""
    me = await world.sign_in("alice")
    with patch.object(revoking, "_answer", side_effect=RuntimeError):
        answer = await me.post("/v1/auth/logout")
    assert answer.status_code == 500
    assert len(queue.taken) == 1
    assert not await me.is_alive()
