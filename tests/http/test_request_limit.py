from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI, Request

from app.http.problems import install_problem_handlers
from app.http.request_limit import RequestLimit

LIMIT = 1000


def client() -> httpx.AsyncClient:
    api = FastAPI()
    install_problem_handlers(api)
    api.add_middleware(RequestLimit, limit=LIMIT)

    @api.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://node")


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 100):
        yield b"x" * 100


async def test_a_body_at_the_limit_is_read():
    async with client() as http:
        assert (await http.post("/length", content=b"x" * LIMIT)).json() == LIMIT
        assert (await http.post("/length", content=chunks(LIMIT))).json() == LIMIT


async def test_a_body_beyond_the_limit_is_refused_by_its_declared_length():
    async with client() as http:
        answer = await http.post("/length", content=b"x" * (LIMIT + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_declares_no_length_is_refused_once_it_is_too_long():
    async with client() as http:
        answer = await http.post("/length", content=chunks(LIMIT + 100))
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:cutoff:problem:too_large"
