import asyncio

import pytest

from tests.http.parts import ORIGIN
from tests.http.world import PASSWORD, World


def login(name: str, password: str = PASSWORD, **more: object) -> dict[str, object]:
    return {"email": f"{name}@cutoff.test", "password": password, **more}


async def test_signing_in_shows_both_tokens_once_and_ends_nothing(world: World, client, queue):
    """B248, B250."""
    first = await world.sign_in("alice")
    second = await world.sign_in("alice")
    assert await first.is_alive()
    assert await second.is_alive()
    assert first.session_token.startswith("cutoff_session_")
    assert first.refresh_token.startswith("cutoff_refresh_")
    assert world.traces() == (0, 0, 0)
    assert queue.taken == []


async def test_a_browser_gets_its_session_in_a_cookie_that_no_script_reads_and_no_token_in_the_body(
    world: World, client
):
    answer = await client.post("/v1/auth/login", json=login("alice", cookie=True), headers={"origin": ORIGIN})
    assert answer.status_code == 200
    assert answer.json()["session_token"] is None
    assert answer.json()["refresh_token"] is None
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("cutoff_session=cutoff_session_")
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/", "expires="):
        assert attribute in cookie
    assert "Secure" not in cookie
    assert (await client.get("/v1/sessions")).status_code == 200


async def test_a_page_of_somebody_else_cannot_sign_anybody_in(world: World, client):
    answer = await client.post(
        "/v1/auth/login", json=login("alice", cookie=True), headers={"origin": "https://evil.test"}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert world.count("session") == 0


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(world: World, client):
    wrong = await client.post("/v1/auth/login", json=login("alice", "wrong password"))
    unknown = await client.post("/v1/auth/login", json=login("nobody", "wrong password"))
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert world.count("session") == 0
    assert world.count("audit_event", "type = 'sign_in' AND outcome = 'failure'") == 2


async def test_after_too_many_failures_even_the_right_password_has_to_wait(
    world: World, client, http_settings
):
    for _ in range(http_settings.sign_in_attempts):
        await client.post("/v1/auth/login", json=login("alice", "wrong password"))
    answer = await client.post("/v1/auth/login", json=login("alice"))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert world.count("session") == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "alice@cutoff.test"},
        {"email": "alice@cutoff.test", "password": ""},
        {"email": "alice@cutoff.test", "password": 12345678},
        {"email": ["alice@cutoff.test"], "password": PASSWORD},
        {"email": "alice\x00@cutoff.test", "password": PASSWORD},
        {"email": "alice@cutoff.test", "password": PASSWORD, "cookie": "yes"},
        {"email": "alice@cutoff.test", "password": PASSWORD, "admin": True},
        {"email": "x" * 400, "password": PASSWORD},
        {"email": "alice@cutoff.test", "password": "p" * 1025},
        [],
        None,
        "text",
    ],
)
async def test_a_sign_in_of_the_wrong_shape_is_a_validation_problem(world: World, client, body):
    answer = await client.post("/v1/auth/login", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 30_000, "application/json", 400),
        (b"email=a&password=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b'{"email": "\\ud800@cutoff.test", "password": "long enough"}', "application/json", 422),
        (b'{"email": "a@cutoff.test", "password": "\\ud800 long enough"}', "application/json", 422),
        (b"x" * 70_000, "application/json", 413),
    ],
)
async def test_bytes_that_are_no_sign_in_are_a_problem_and_no_error(
    world: World, client, *, content, media_type, status
):
    answer = await client.post("/v1/auth/login", content=content, headers={"content-type": media_type})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_refreshing_rotates_the_refresh_token_and_leaves_the_session_token(world: World, client, queue):
    """B215."""
    me = await world.sign_in("alice")
    answer = await client.post("/v1/auth/refresh", json={"refresh_token": me.refresh_token})
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != me.refresh_token
    assert "session_token" not in answer.json()
    assert await me.is_alive()
    assert world.traces() == (0, 0, 0)


async def test_a_refresh_token_that_comes_back_late_ends_its_session(world: World, client, queue):
    """B217."""
    me = await world.sign_in("alice")
    token = me.refresh_token
    for _ in range(2):
        token = (await client.post("/v1/auth/refresh", json={"refresh_token": token})).json()["refresh_token"]
    answer = await client.post("/v1/auth/refresh", json={"refresh_token": me.refresh_token})
    assert answer.status_code == 401
    assert answer.json()["reason"] == "refresh_token_reuse"
    assert len(queue.taken) == 1
    refused = await me.get("/v1/sessions")
    assert (refused.status_code, refused.json()["reason"]) == (401, "refresh_token_reuse")


@pytest.mark.parametrize("token", ["x", "cutoff_refresh_" + "A" * 43, "\x00", "a" * 256])
async def test_a_refresh_token_that_is_none_is_refused(world: World, client, token):
    answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})
    assert answer.status_code == 401


async def test_logging_out_clears_the_cookie_and_leaves_sibling_sessions(world: World, client):
    """B31."""
    sibling = await world.sign_in("alice")
    _, page = await world.sign_in_with_cookie("alice")
    answer = await client.post("/v1/auth/logout", headers=page)
    assert answer.status_code == 202
    assert 'cutoff_session=""' in answer.headers["set-cookie"]
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert answer.json()["kind"] == "logout"
    again = await client.get("/v1/sessions", headers=page)
    assert (again.status_code, again.json()["reason"]) == (401, "logged_out")
    assert await sibling.is_alive()


async def test_changing_the_password_ends_sessions_and_tokens_and_the_new_one_counts(world: World, client):
    """B32."""
    me, sibling = await world.sign_in("alice"), await world.sign_in("alice")
    token = await me.api_token()
    body = {"current_password": PASSWORD, "new_password": "another good password"}
    answer = await me.post("/v1/auth/password", json=body, headers={"prefer": "wait=5"})
    assert answer.status_code == 200
    receipt = answer.json()
    assert (receipt["sessions_ended"], receipt["tokens_ended"]) == (2, 1)
    for other in (me, sibling, token):
        refused = await other.get("/v1/audit-events")
        assert (refused.status_code, refused.json()["reason"]) == (401, "password_changed")
    await world.sign_in("alice", "another good password")
    assert (await client.post("/v1/auth/login", json=login("alice"))).status_code == 401


async def test_a_wrong_current_password_ends_nothing_and_keeps_the_cookie(world: World, client):
    """B34."""
    _, page = await world.sign_in_with_cookie("alice")
    before = world.traces()
    body = {"current_password": "wrong password", "new_password": "another good password"}
    answer = await client.post("/v1/auth/password", json=body, headers=page)
    assert (answer.status_code, answer.json()["reason"]) == (401, "wrong_password")
    assert "set-cookie" not in answer.headers
    assert (await client.get("/v1/sessions", headers=page)).status_code == 200
    assert world.traces() == before
    assert world.count("audit_event", "type = 'password_change' AND outcome = 'failure'") == 1


async def test_of_two_password_changes_at_once_exactly_one_wins(world: World, client):
    """B35."""
    one, two = await world.sign_in("alice"), await world.sign_in("alice")
    answers = await asyncio.gather(
        *(
            each.post(
                "/v1/auth/password", json={"current_password": PASSWORD, "new_password": f"password {index}"}
            )
            for index, each in enumerate((one, two))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [202, 401]
    loser = next(answer for answer in answers if answer.status_code == 401)
    assert loser.json()["reason"] in {"concurrent_change", "password_changed"}
    assert world.count("revocation") == 1


async def test_guessing_the_current_password_is_limited(world: World, http_settings):
    """B36."""
    me = await world.sign_in("alice")
    body = {"current_password": "wrong password", "new_password": "another good password"}
    for _ in range(http_settings.sign_in_attempts):
        assert (await me.post("/v1/auth/password", json=body)).status_code == 401
    answer = await me.post("/v1/auth/password", json={**body, "current_password": PASSWORD})
    assert answer.status_code == 429
    assert await me.is_alive()
    assert world.count("revocation") == 0


async def test_a_password_that_is_too_short_is_refused_before_the_current_one_is_tried(world: World):
    me = await world.sign_in("alice")
    answer = await me.post("/v1/auth/password", json={"current_password": "x", "new_password": "short"})
    assert answer.status_code == 422
    assert world.count("audit_event", "outcome = 'failure'") == 0
