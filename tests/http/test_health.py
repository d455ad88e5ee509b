from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from app.http.health import routes


def client(**node: object) -> httpx.AsyncClient:
    usual = {
        "is_current": True,
        "takes_sockets": True,
        "policy": "hold",
        "is_subscribed": True,
        "is_database_reachable": True,
        "is_shutting_down": False,
        "why": [],
        "sockets": 0,
    }
    api = FastAPI()
    api.state.deps = SimpleNamespace(node=SimpleNamespace(**{**usual, **node}))
    api.include_router(routes)
    return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://node")


@pytest.mark.parametrize(
    ("node", "http_status", "status"),
    [
        ({}, 200, "current"),
        ({"is_subscribed": False, "why": ["no subscription"]}, 200, "doorbell_lost"),
        ({"is_current": False, "takes_sockets": False}, 503, "held"),
        (
            {"is_current": False, "takes_sockets": False, "is_database_reachable": False},
            503,
            "database_lost",
        ),
        ({"takes_sockets": False, "why": ["a trigger is missing"]}, 503, "refusing"),
        ({"is_database_reachable": False}, 200, "database_lost"),
        ({"is_shutting_down": True}, 503, "shutting_down"),
    ],
)
async def test_readyz_tells_the_states_of_a_node_apart(node, http_status, status):
    """B262."""
    async with client(**node) as http:
        answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (http_status, status)
    assert answer.json()["why"] == node.get("why", [])


async def test_healthz_says_the_same_and_stays_200_as_long_as_the_process_can_answer():
    """B262."""
    async with client(is_current=False, is_database_reachable=False) as http:
        ready, health = await http.get("/readyz"), await http.get("/healthz")
    assert health.status_code == 200
    assert health.json() == ready.json()


async def test_livez_asks_the_node_nothing():
    async with client(is_current=False, is_shutting_down=True) as http:
        assert (await http.get("/livez")).json() == {"status": "alive"}
