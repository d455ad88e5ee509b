"""What the tests of a node share."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.config import Settings
from app.data.engine import Database
from tests.builders import Builders
from tests.realtime.hands import Hands
from tests.realtime.nodes import RunningNode, a_node, by_the_log_alone, quick
from tests.realtime.people import People


@pytest.fixture
def hands(settings: Settings, database: Database) -> Iterator[Hands]:
    """Whoever ends credentials while sockets are open."""
    hands = Hands(settings, database)
    yield hands
    hands.close()


@pytest.fixture
def people(make: Builders) -> People:
    return People(make)


@pytest.fixture(params=["redis", "no redis"])
async def either_node(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[RunningNode]:
    """A node with Redis, and one without."""
    how = quick if request.param == "redis" else by_the_log_alone
    async with a_node(how(settings)) as node:
        yield node
