import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from app.http.request_context import RequestContext
from tests.http.parts import client_of
from tests.http.world import PASSWORD, World


def failing() -> httpx.AsyncClient:
    api = FastAPI()
    api.add_middleware(RequestContext)

    @api.get("/bug")
    async def bug() -> None:
        raise KeyError("a secret of ours")

    return client_of(api)


async def test_a_bug_is_logged_with_the_id_that_the_client_is_given():
    with capture_logs() as logs:
        answer = await failing().get("/bug?token=secret")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert [each["event"] for each in logs] == ["request_failed", "request"]
    assert {each["request_id"] for each in logs} == {answer.headers["x-request-id"]}
    assert "token" not in str(logs[1])


@pytest.mark.parametrize(
    ("given", "is_kept"), [("abc-1", True), ("a b", False), ("x" * 65, False), ("a\tb", False)]
)
async def test_a_request_id_is_taken_from_the_client_if_it_can_be_logged(given, is_kept):
    answer = await failing().get("/nowhere", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) == is_kept


async def test_the_log_of_a_bug_shows_where_it_was_and_nothing_that_was_sent(capsys):
    headers = {"authorization": "Bearer secret-token", "cookie": "cutoff_session=secret-cookie"}
    await failing().get("/bug", headers=headers)
    printed = capsys.readouterr().out
    assert "test_request_context.py" in printed
    assert "secret-token" not in printed
    assert "secret-cookie" not in printed


async def test_no_log_line_and_no_column_ever_holds_a_token_or_a_password(world: World):
    with capture_logs() as logs:
        me = await world.sign_in("alice")
        token = await me.api_token()
        await world.client.post("/v1/auth/refresh", json={"refresh_token": me.refresh_token})
        await me.get("/v1/sessions", params={"cursor": me.session_token})
        await world.client.post("/v1/auth/login", json={"email": me.session_token, "password": PASSWORD})
        ended = await me.post("/v1/auth/logout", headers={"idempotency-key": "k"})
    request = next(each for each in logs if each.get("revocation_id"))
    assert request["revocation_id"] == ended.json()["id"]
    tables = world.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    stored = [str(world.rows(f"SELECT * FROM {table['relname']}")) for table in tables]
    assert len(stored) > 10
    for secret in (me.session_token, me.refresh_token, token.session_token, PASSWORD):
        assert secret not in str(logs)
        assert not [rows for rows in stored if secret in rows]
