"""A pooled connection is looked at before its use: asked only if it was idle for long, or has something to tell."""

import pytest
from sqlalchemy import event

from app.config import Settings
from app.data import live_connections
from app.data.engine import Database
from tests.waiting import eventually

OTHERS = """
SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
 WHERE application_name = 'pooled' AND pid <> pg_backend_pid()
"""


@pytest.fixture
def pooled(settings: Settings) -> Database:
    return Database(settings.model_copy(update={"pool_size": 1}), application_name="pooled")


@pytest.fixture
def asked(pooled: Database) -> list[object]:
    """One entry for each time that a connection was asked."""
    entries: list[object] = []
    ping = pooled.engine.dialect.do_ping

    def note(connection: object) -> bool:
        entries.append(connection)
        return ping(connection)  # type: ignore[arg-type]

    pooled.engine.dialect.do_ping = note  # type: ignore[method-assign, assignment]
    return entries


def backend(pooled: Database) -> int:
    row = pooled.alone("SELECT pg_backend_pid() AS pid")
    assert row is not None
    return int(row["pid"])


def test_a_connection_that_was_used_just_now_is_not_asked(pooled: Database, asked: list[object]) -> None:
    assert backend(pooled) == backend(pooled)
    assert asked == []
    pooled.dispose()


def test_one_that_was_idle_for_longer_is_asked(
    pooled: Database, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = backend(pooled)
    monkeypatch.setattr(live_connections, "SURELY_ALIVE_S", 0.0)
    assert backend(pooled) == before
    assert len(asked) == 1
    pooled.dispose()


def test_one_that_the_server_has_ended_is_replaced_at_once(
    pooled: Database, database: Database, asked: list[object]
) -> None:
    before = backend(pooled)
    database.alone(OTHERS)
    assert backend(pooled) != before
    assert len(asked) == 1
    pooled.dispose()


def test_with_one_that_has_ended_the_whole_pool_is_replaced(settings: Settings, database: Database) -> None:
    pooled = Database(settings.model_copy(update={"pool_size": 2}), application_name="pooled")
    connected: list[object] = []
    event.listen(pooled.engine, "connect", lambda *_: connected.append(1))
    with pooled.session(), pooled.session():
        backends = 2
    eventually(lambda: len(connected) == backends)
    database.alone(OTHERS)
    with pooled.session(), pooled.session():
        pass
    assert len(connected) == 2 * backends
    pooled.dispose()
