"""Fixtures for whoever performs, settles and sweeps."""

from collections.abc import Callable

import pytest

from app.config import Settings
from app.data.engine import Database
from tests.builders import MadeSession
from tests.operations.mass import MassRun
from tests.operations.performing import Facts, RecordingPublisher


@pytest.fixture
def facts(database: Database) -> Facts:
    return Facts(database)


@pytest.fixture
def publisher(settings: Settings) -> RecordingPublisher:
    return RecordingPublisher(settings)


@pytest.fixture
def mass(database: Database, publisher: RecordingPublisher) -> MassRun:
    return MassRun(database, publisher)


@pytest.fixture
def is_alive(facts: Facts) -> Callable[[MadeSession], bool]:
    def ask(session: MadeSession) -> bool:
        query = "SELECT terminated_at IS NULL FROM session WHERE id = %(id)s"
        return bool(facts.value(query, id=session.session_id))

    return ask
