"""What the tests of a node share."""

from collections.abc import Iterator

import pytest

from app.config import Settings
from app.data.engine import Database
from tests.realtime.hands import Hands


@pytest.fixture
def hands(settings: Settings, database: Database) -> Iterator[Hands]:
    """Whoever ends credentials while sockets are open."""
    hands = Hands(settings, database)
    yield hands
    hands.close()
