"""The composition root: start, stop, and a start that fails with a sentence."""

from typing import Any

import pytest

from app.asgi import Application
from app.config import Settings
from app.realtime import self_test
from tests.databases import TestDatabases
from tests.realtime.nodes import a_node, quick

MESSAGES = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]


async def lifespan(application: Application) -> list[dict[str, Any]]:
    """What the application answers to a start and a stop."""
    incoming, sent = iter(MESSAGES), []

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await application({"type": "lifespan"}, receive, send)
    except Exception as error:  # noqa: BLE001
        sent.append({"raised": type(error).__name__})
    return sent


async def test_it_starts_and_stops(settings: Settings):
    assert await lifespan(Application(settings)) == [
        {"type": "lifespan.startup.complete"},
        {"type": "lifespan.shutdown.complete"},
    ]


async def test_a_bad_setting_stops_the_start_with_a_sentence_that_names_the_variable(monkeypatch):
    """B261."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere/")
    monkeypatch.setenv("REDIS_URL", "redis://nowhere/")
    monkeypatch.setenv("CUTOFF_LEASE", "0.5")
    failed, _ = await lifespan(Application())
    assert failed == {
        "type": "lifespan.startup.failed",
        "message": "CUTOFF_LEASE must be above CUTOFF_TAIL_INTERVAL.",
    }


async def test_an_unsuitable_uvicorn_stops_the_start(settings: Settings, monkeypatch):
    def broken() -> None:
        raise RuntimeError("frames would go past the gate")

    monkeypatch.setattr(self_test, "_drive", broken)
    failed, _ = await lifespan(Application(settings))
    assert failed["type"] == "lifespan.startup.failed"
    assert "frames would go past the gate" in failed["message"]


async def test_http_and_sockets_are_served_by_one_application(settings: Settings):
    import httpx

    async with a_node(quick(settings)) as node, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{node.port}/readyz")
        assert answer.status_code == 200
        assert (await client.get(f"http://127.0.0.1:{node.port}/ws")).status_code in {404, 426}


@pytest.mark.parametrize("times", [2])
async def test_a_second_life_begins_anew(settings: Settings, times: int):
    application = Application(settings)
    for _ in range(times):
        assert len(await lifespan(application)) == 2


async def test_a_database_that_was_never_migrated_stops_the_start_and_says_what_to_run(
    settings: Settings, databases: TestDatabases
):
    with databases.empty() as url:
        failed, raised = await lifespan(Application(settings.model_copy(update={"database_url": url})))
    assert failed["type"] == "lifespan.startup.failed"
    assert "run `cutoff migrate`" in failed["message"]
    assert raised == {"raised": "NotMigratedError"}


async def test_a_database_that_is_away_stops_no_start(settings: Settings):
    """It may come later; until then the node is not ready."""
    away = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/nowhere"})
    async with a_node(away, ready=False) as node:
        assert "PostgreSQL does not answer." in node.node.why
