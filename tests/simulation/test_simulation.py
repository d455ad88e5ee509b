"""The shipped cores under thousands of schedules: every property holds, and a seed is a schedule for ever."""

import pytest

from tests.simulation.schedule import run
from tests.simulation.search import search
from tests.simulation.ticks import LEASE

SCHEDULES = 20_000

HAS_TO_HAPPEN = {
    "a deadline came",
    "a node died",
    "a node froze",
    "a node was cut off",
    "a poll failed",
    "a read did not count",
    "a receipt is confirmed",
    "a reconciliation begins",
    "a reconciliation ends",
    "a socket is told 1013",
    "a socket is told 4001",
    "a socket is told 4002",
    "a socket is told 4005",
    "a socket was admitted",
    "an answer was thrown away",
    "an opening was given up",
    "an opening was read once more",
    "an opening was refused 4001",
    "an opening was refused 4002",
    "the database failed over",
    "the log was pruned",
    "the walk reads",
}


@pytest.mark.timeout(400)
def test_in_twenty_thousand_schedules_every_property_holds() -> None:
    found = search(SCHEDULES)
    assert found.failures == []
    assert found.schedules == SCHEDULES
    assert found.worst <= LEASE
    assert set(found.seen) >= HAS_TO_HAPPEN


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_replays_exactly_and_so_does_the_script_of_its_choices(seed) -> None:
    first, second = run(seed, journal=True), run(seed, journal=True)
    assert first == second
    assert run(seed, script=first.choices, journal=True) == first
