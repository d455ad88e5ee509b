"""Previews over HTTP: beside each act, with its rights and with its answers to ids that are unknown or foreign."""

import pytest

from app.data.rows import run
from tests.http.world import UNKNOWN, Signed, World, same_but_for_the_request_id

SOCKETS_ON_N1 = """
WITH here AS (
    INSERT INTO node (id, name, policy, lease) VALUES (gen_random_uuid(), 'n1', 'hold', interval '1 hour') RETURNING id
)
INSERT INTO open_socket (node_id, credential_type, credential_id, account_id, sockets, round)
SELECT here.id, %(kind)s, %(credential_id)s, %(account_id)s, 3, 1 FROM here
"""


def three_sockets(world: World, signed: Signed, kind: str) -> None:
    with world.database.session() as db:
        run(db, SOCKETS_ON_N1, kind=kind, credential_id=signed.session_id, account_id=signed.account_id)


async def test_sessions_and_tokens_are_listed_with_their_sockets(world: World):
    """B268."""
    me = await world.sign_in("alice")
    token = await me.api_token()
    three_sockets(world, me, "session")
    three_sockets(world, token, "api_token")
    assert [item["sockets"] for item in (await me.get("/v1/sessions")).json()["items"]] == [3]
    assert [item["sockets"] for item in (await me.get("/v1/api-tokens")).json()["items"]] == [3]
    root = await world.sign_in("root")
    accounts = (await root.get("/v1/admin/accounts", params={"search": "alice"})).json()["items"]
    assert [(item["live_sessions"], item["sockets"]) for item in accounts] == [(1, 6)]
    sessions = (await root.get(f"/v1/admin/accounts/{me.account_id}/sessions")).json()["items"]
    assert [item["sockets"] for item in sessions] == [3]


async def test_a_preview_says_what_would_end_and_ends_nothing(world: World):
    me, other = await world.sign_in("alice"), await world.sign_in("alice")
    token = await me.api_token()
    three_sockets(world, other, "session")
    three_sockets(world, token, "api_token")
    one = (await me.get(f"/v1/sessions/{other.session_id}/preview")).json()
    assert one == {
        "sessions": 1,
        "support_sessions": 0,
        "dormant_sessions": 0,
        "api_tokens": 0,
        "grants": 0,
        "closes": 3,
        "reconnects": 0,
        "nodes": 1,
        "silent_nodes": 0,
    }
    everything = (
        await me.get("/v1/sessions/terminate-all/preview", params={"except_current": "false"})
    ).json()
    assert (everything["sessions"], everything["closes"], everything["reconnects"]) == (2, 3, 3)
    others = (await me.get("/v1/sessions/terminate-all/preview", params={"except_current": "true"})).json()
    assert (others["sessions"], others["closes"], others["reconnects"]) == (1, 3, 0)
    tokens = (await me.get("/v1/api-tokens/revoke-all/preview")).json()
    assert (tokens["sessions"], tokens["api_tokens"], tokens["closes"], tokens["nodes"]) == (0, 1, 3, 2)
    assert (await me.get(f"/v1/api-tokens/{token.session_id}/preview")).json()["closes"] == 3
    root = await world.sign_in("root")
    suspended = (
        await root.get(f"/v1/admin/accounts/{me.account_id}/preview", params={"what": "suspend"})
    ).json()
    assert (suspended["sessions"], suspended["api_tokens"], suspended["closes"]) == (2, 1, 6)
    assert await other.is_alive()


async def test_whom_it_spares_and_what_is_done_has_to_be_said(world: World):
    me = await world.sign_in("root")
    assert (await me.get("/v1/sessions/terminate-all/preview")).status_code == 422
    path = f"/v1/admin/accounts/{me.account_id}/preview"
    assert (await me.get(path)).status_code == 422
    assert (await me.get(path, params={"what": "everything"})).status_code == 422


PATHS = (
    "/v1/sessions/{}",
    "/v1/api-tokens/{}",
    "/v1/admin/sessions/{}",
    "/v1/orgs/acme/support-grants/{}",
)


@pytest.mark.parametrize("who", ["alice", "olga", "root"])
@pytest.mark.parametrize("path", PATHS)
async def test_unknown_and_foreign_ids_get_the_answer_that_the_act_gives(world: World, who: str, path: str):
    """B16: and of two ids that are not one's own, nobody can tell which exists."""
    me, bob = await world.sign_in(who), await world.sign_in("bob")
    foreign = bob.session_id if who != "root" or "admin" not in path else UNKNOWN
    asked = [await me.get(path.format(an_id) + "/preview") for an_id in (UNKNOWN, foreign)]
    acted = await me.delete(path.format(UNKNOWN))
    assert same_but_for_the_request_id(asked[0], asked[1])
    assert asked[0].status_code == acted.status_code
    assert asked[0].status_code in {403, 404}


@pytest.mark.parametrize("what", ["sessions", "tokens", "suspend", "delete"])
async def test_what_an_admin_may_not_do_they_may_not_look_at(world: World, what: str):
    olga, alice, bob = [await world.sign_in(name) for name in ("olga", "alice", "bob")]
    path = "/v1/admin/accounts/{}/preview"
    own_member = await olga.get(path.format(alice.account_id), params={"what": what})
    assert own_member.status_code == (200 if what == "sessions" else 403)
    foreign = await olga.get(path.format(bob.account_id), params={"what": what})
    assert foreign.status_code == (404 if what == "sessions" else 403)
    member = await alice.get(path.format(olga.account_id), params={"what": what})
    assert member.status_code == 403


async def test_the_last_global_admin_is_refused_beforehand(world: World):
    root, ruth = await world.sign_in("root"), await world.sign_in("ruth")
    path = "/v1/admin/accounts/{}/preview"
    assert (await root.get(path.format(ruth.account_id), params={"what": "delete"})).status_code == 200
    await root.delete(f"/v1/admin/accounts/{ruth.account_id}")
    again = await root.get(path.format(ruth.account_id), params={"what": "delete"})
    assert (again.status_code, again.json()["sessions"]) == (200, 0)
    refused = await root.get(path.format(root.account_id), params={"what": "suspend"})
    assert (refused.status_code, refused.json()["rule"]) == (409, "last_global_admin")
