from dataclasses import replace
from uuid import UUID

from pydantic import SecretStr

from app.data.rows import run
from app.domain.credentials import TokenKind, token_from
from app.http.api import build_api
from tests.http.parts import client_of
from tests.http.world import World

DAEMON = token_from(TokenKind.DAEMON, b"d" * 32)


async def test_validity_is_read_for_every_request_and_the_end_counts_from_its_commit(world: World):
    """B11."""
    me = await world.sign_in("alice")
    assert await me.is_alive()
    world.run("UPDATE session SET terminated_at = now() WHERE id = %(id)s::uuid", id=me.session_id)
    refused = await me.get("/v1/sessions")
    assert (refused.status_code, refused.json()["reason"]) == (401, "session_revoked")


async def test_an_expired_session_says_so_and_a_deleted_one_is_unknown(world: World):
    me = await world.sign_in("alice")
    world.run("UPDATE session SET expires_at = clock_timestamp()")
    assert (await me.get("/v1/sessions")).json()["reason"] == "session_expired"
    world.run("DELETE FROM session")
    assert (await me.get("/v1/sessions")).json()["reason"] == "unauthenticated"


async def test_a_suspension_by_hand_counts_at_once(world: World):
    me = await world.sign_in("alice")
    world.run("UPDATE account SET suspended_at = now() WHERE email = 'alice@cutoff.test'")
    assert (await me.get("/v1/sessions")).json()["reason"] == "account_suspended"


async def test_the_daemon_token_proves_its_account_and_may_not_do_what_only_a_session_may(world: World, deps):
    daemon = {"daemon_token": SecretStr(DAEMON), "daemon_account": UUID(str(world.accounts["root"]))}
    api = build_api(replace(deps, settings=deps.settings.model_copy(update=daemon)))
    headers = {"authorization": f"Bearer {DAEMON}"}
    async with client_of(api) as client:
        assert (await client.get("/v1/nodes", headers=headers)).status_code == 200
        assert (await client.get("/v1/sessions", headers=headers)).status_code == 403
    assert (await world.client.get("/v1/nodes", headers=headers)).status_code == 401


async def test_the_address_on_record_is_the_one_that_trusted_proxies_tell(world: World, deps):
    proxied = deps.settings.model_copy(update={"trusted_proxies": ("198.51.100.7",)})
    body = {"email": "alice@cutoff.test", "password": "wrong password"}
    async with client_of(build_api(replace(deps, settings=proxied))) as client:
        await client.post("/v1/auth/login", json=body, headers={"x-forwarded-for": "6.6.6.6, 203.0.113.9"})
    await world.client.post("/v1/auth/login", json=body, headers={"x-forwarded-for": "6.6.6.6"})
    events = world.rows("SELECT ip_address FROM audit_event ORDER BY occurred_at")
    assert [each["ip_address"] for each in events] == ["203.0.113.9", "198.51.100.7"]


async def test_where_the_database_does_not_answer_it_is_503_and_never_401(world: World, db):
    me = await world.sign_in("alice")
    run(db, "LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
    answer = await me.get("/v1/sessions")
    assert (answer.status_code, answer.json()["what"]) == (503, "database")
    assert answer.headers["retry-after"]
