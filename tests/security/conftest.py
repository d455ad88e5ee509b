"""A real fleet, one for each pytest worker."""

from collections.abc import Iterator

import pytest

from tests.faults.world import World, running_world


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with running_world() as world:
        yield world
