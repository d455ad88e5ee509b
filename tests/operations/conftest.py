"""Fixtures for whoever performs, settles and sweeps, and for support access."""

from collections.abc import Callable

import pytest

from app.config import Settings
from app.data.engine import Database
from tests.builders import Builders, MadeOrganization, MadeSession
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


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


@pytest.fixture
def support_admin(make: Builders) -> MadeSession:
    return make.session(make.account("ga", is_global_admin=True))
