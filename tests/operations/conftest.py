"""Fixtures for whoever performs, settles and sweeps."""

import pytest

from app.config import Settings
from app.data.engine import Database
from tests.operations.performing import Facts, RecordingPublisher


@pytest.fixture
def facts(database: Database) -> Facts:
    return Facts(database)


@pytest.fixture
def publisher(settings: Settings) -> RecordingPublisher:
    return RecordingPublisher(settings)
