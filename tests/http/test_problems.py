import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from app.domain.errors import (
    Conflict,
    CutoffError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from app.http.problems import install_problem_handlers


class Body(BaseModel):
    password: int


def client(error: CutoffError | None = None) -> httpx.AsyncClient:
    api = FastAPI(redirect_slashes=False)
    install_problem_handlers(api)

    @api.get("/raise")
    async def raises() -> None:
        if error is not None:
            raise error

    @api.post("/body")
    async def body(body: Body) -> None: ...

    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://node")


@pytest.mark.parametrize(
    ("error", "status", "member"),
    [
        (Unauthenticated(), 401, {"reason": "unauthenticated"}),
        (Unauthenticated("session_revoked"), 401, {"reason": "session_revoked"}),
        (Forbidden("admin"), 403, {"needs": "admin"}),
        (NotFound("api_token"), 404, {"title": "There is no such api token."}),
        (Conflict("last_admin"), 409, {"rule": "last_admin"}),
        (
            Invalid("expires_at", "in_the_past"),
            422,
            {"errors": [{"field": "expires_at", "rule": "in_the_past"}]},
        ),
        (RateLimited(17), 429, {}),
        (Unavailable("database"), 503, {"what": "database"}),
    ],
)
async def test_each_error_of_ours_has_one_status_and_keeps_its_data(error, status, member):
    async with client(error) as http:
        answer = await http.get("/raise")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().items() >= {"status": status, **member}.items()


async def test_a_401_challenges_and_says_so_when_a_token_was_known():
    async with client(Unauthenticated()) as http:
        assert (await http.get("/raise")).headers["www-authenticate"] == 'Bearer realm="cutoff"'
    async with client(Unauthenticated("token_revoked")) as http:
        assert 'error="invalid_token"' in (await http.get("/raise")).headers["www-authenticate"]


async def test_429_and_503_say_when_to_come_back():
    async with client(RateLimited(17)) as http:
        assert (await http.get("/raise")).headers["retry-after"] == "17"
    async with client(Unavailable("database")) as http:
        assert int((await http.get("/raise")).headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/raise", 405), ("GET", "/raise/", 404)],
)
async def test_errors_of_routing_are_problems_too(method, path, status):
    async with client() as http:
        answer = await http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_no_json_is_a_problem_that_repeats_nothing():
    async with client() as http:
        answer = await http.post(
            "/body", content=b'{"password": hunter2', headers={"content-type": "application/json"}
        )
    assert answer.status_code == 400
    assert "hunter2" not in answer.text


async def test_a_value_that_is_not_acceptable_is_named_and_not_repeated():
    async with client() as http:
        answer = await http.post("/body", json={"password": "hunter2"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "password", "rule": "int_parsing"}]
    assert "hunter2" not in answer.text
