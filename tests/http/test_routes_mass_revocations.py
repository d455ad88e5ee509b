"""Mass revocations over HTTP: planned, started by the plan's id, watched, moved; refused where they reach too far."""

from typing import Any

import pytest

from tests.http.conftest import Queue
from tests.http.world import UNKNOWN, Signed, World

PATH = "/v1/mass-revocations"
DRILL = {"what": "sessions", "reason": "a drill", "pace": 10_000}


async def planned(who: Signed, **asked: Any) -> dict[str, Any]:
    answer = await who.post(PATH, json={**DRILL, **asked})
    assert answer.status_code == 201, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PATH}/{job['id']}"
    return job


async def test_a_plan_is_started_and_runs_to_its_receipt_while_the_requester_stays(world: World):
    olga, alice, bob = [await world.sign_in(name) for name in ("olga", "alice", "bob")]
    before = world.traces()

    plan = await planned(olga, org="acme")
    assert plan["state"] == "planned"
    assert plan["planned"] == {"accounts": 1, "sessions": 1, "tokens": 0, "sockets": 0, "nodes": 0}
    assert plan["criteria"] == {"org_id": str(world.acme)}
    assert world.traces() == before
    started = await olga.post(f"{PATH}/{plan['id']}/start")
    assert started.status_code == 200, started.text
    done = (await olga.get(f"{PATH}/{plan['id']}")).json()

    assert (done["state"], done["ended"], done["percent"]) == ("done", 1, 100)
    assert not await alice.is_alive()
    assert await olga.is_alive()
    assert await bob.is_alive()
    receipt = (await olga.get(f"/v1/revocations/{done['revocation_id']}")).json()
    assert (receipt["state"], receipt["kind"], receipt["sessions_ended"]) == (
        "confirmed",
        "mass_revocation",
        1,
    )
    assert receipt["target_id"] == plan["id"]
    assert [job["id"] for job in (await olga.get(PATH)).json()["items"]] == [plan["id"]]


async def test_what_has_grown_since_the_plan_is_a_conflict_with_both_counts(world: World):
    root = await world.sign_in("root")
    await world.sign_in("alice")
    plan = await planned(root, everyone=True)
    await world.sign_in("bob")

    refused = await root.post(f"{PATH}/{plan['id']}/start")
    assert refused.status_code == 409
    told = {name: refused.json()[name] for name in ("rule", "planned", "now")}
    assert told == {"rule": "grown_since_plan", "planned": 1, "now": 2}
    accepted = await root.post(f"{PATH}/{plan['id']}/start", json={"accepted": 2})
    assert accepted.status_code == 200


async def test_an_idempotency_key_is_honoured_by_plan_and_start(world: World):
    root = await world.sign_in("root")
    key = {"idempotency-key": "once"}
    first = await root.post(PATH, json={**DRILL, "everyone": True}, headers=key)
    again = await root.post(PATH, json={**DRILL, "everyone": True}, headers=key)
    other = await root.post(PATH, json={**DRILL, "device": "phone"}, headers=key)
    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["rule"]) == (409, "idempotency_key_reused")

    start = f"{PATH}/{first.json()['id']}/start"
    starts = [await root.post(start, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in starts] == [200, 200]
    assert world.count("revocation") == 1


async def test_a_broker_that_takes_nothing_leaves_the_job_to_the_sweep(world: World, queue: Queue):
    root = await world.sign_in("root")
    plan = await planned(root, everyone=True)
    queue.takes = False

    started = await root.post(f"{PATH}/{plan['id']}/start")

    assert (started.status_code, started.json()["state"]) == (200, "running")


async def test_it_is_paused_resumed_and_cancelled_and_twice_is_once(world: World, queue: Queue):
    root = await world.sign_in("root")
    alice = await world.sign_in("alice")
    plan = await planned(root, everyone=True)
    queue.performs = False
    await root.post(f"{PATH}/{plan['id']}/start")
    assert len(queue.taken_leases) == 1

    states = []
    for step in ("pause", "pause", "resume", "resume", "pause", "cancel", "cancel"):
        answer = await root.post(f"{PATH}/{plan['id']}/{step}")
        assert answer.status_code == 200, answer.text
        states.append(answer.json()["state"])

    assert states == ["paused", "paused", "running", "running", "paused", "cancelled", "cancelled"]
    assert len(queue.taken_leases) == 2
    for step in ("start", "pause", "resume"):
        refused = await root.post(f"{PATH}/{plan['id']}/{step}")
        assert (refused.status_code, refused.json()["rule"]) == (409, "mass_revocation_is_cancelled")
    assert await alice.is_alive()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"everyone": False},
        {"everyone": True, "org": "acme"},
        {"network": "10.0.0.1/8"},
        {"network": "nowhere"},
        {"device": "x"},
        {"issued_before": "yesterday"},
        {"role": "king"},
        {"everyone": True, "pace": 0},
        {"everyone": True, "pace": 10_001},
        {"everyone": True, "what": "everything"},
        {"everyone": True, "reason": " "},
        {"network": "10.0.0.0/8", "what": "both"},
        {"everyone": True, "tenant": "acme"},
    ],
)
async def test_what_says_nothing_or_can_match_nothing_is_invalid(world: World, wrong: dict[str, object]):
    root = await world.sign_in("root")
    answer = await root.post(PATH, json={**DRILL, **wrong})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:cutoff:problem:invalid")
    assert world.count("mass_revocation") == 0


async def test_whoever_is_no_admin_is_refused_everywhere(world: World):
    """B21."""
    alice, root = await world.sign_in("alice"), await world.sign_in("root")
    plan = await planned(root, org="acme")
    answers = [await alice.get(PATH), await alice.post(PATH, json={**DRILL, "org": "acme"})]
    answers.append(await alice.get(f"{PATH}/{plan['id']}"))
    answers += [
        await alice.post(f"{PATH}/{plan['id']}/{step}") for step in ("start", "pause", "resume", "cancel")
    ]
    assert {answer.status_code for answer in answers} == {403}


async def test_an_organizations_admin_finds_foreign_jobs_as_unknown_and_the_attempt_is_on_record(
    world: World,
):
    """B22, B15."""
    olga, zoe = await world.sign_in("olga"), await world.sign_in("zoe")
    theirs = await planned(zoe, org="zeta")

    foreign = await olga.post(f"{PATH}/{theirs['id']}/start")
    unknown = await olga.post(f"{PATH}/{UNKNOWN}/start")

    assert foreign.status_code == 404
    assert foreign.json() == unknown.json() | {
        key: value for key, value in foreign.json().items() if key == "request_id"
    }
    assert (await olga.get(PATH)).json()["items"] == []
    assert (await olga.post(PATH, json={**DRILL, "org": "zeta"})).status_code == 404
    assert (await olga.post(PATH, json={**DRILL, "everyone": True})).status_code == 403
    failures = world.rows(
        "SELECT metadata FROM audit_event WHERE outcome = 'failure' AND type = 'mass_revocation' ORDER BY occurred_at"
    )
    assert [each["metadata"].get("attempted_id") for each in failures][:2] == [theirs["id"], UNKNOWN]


async def test_a_list_is_paged(world: World):
    root = await world.sign_in("root")
    ids = [(await planned(root, everyone=True))["id"] for _ in range(3)]

    first = (await root.get(PATH, params={"limit": 2})).json()
    second = (await root.get(PATH, params={"limit": 2, "cursor": first["next"]})).json()

    assert [job["id"] for job in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
