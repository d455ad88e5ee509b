"""Every order of the steps of a small world: the bound holds in each, and the search finds what breaks it."""

import pytest

from tests.simulation.exhaustive import explore
from tests.simulation.exhaustive_model import Bounds, Model
from tests.simulation.hands import Hands
from tests.simulation.mutants import MUTANTS

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("bounds", "ending"),
    [
        pytest.param(Bounds(polls=3), Hands.end, id="three polls"),
        pytest.param(Bounds(polls=2, in_flight=2), Hands.end, id="late answers"),
        pytest.param(Bounds(polls=3, in_flight=2), Hands.end, id="three polls, late answers"),
        pytest.param(Bounds(has_neighbour=True), Hands.end, id="commits out of order"),
        pytest.param(Bounds(reads=2), Hands.move_end, id="an end moved to now, which is rechecked"),
    ],
)
def test_in_no_state_that_can_be_reached_does_a_frame_pass_on_a_session_dead_for_longer_than_the_lease(
    bounds, ending
):
    explored = explore(Model(bounds, ending=ending))
    assert explored.counterexample is None
    assert explored.states > 1_000


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("name", "bounds", "ending"),
    [
        (
            "polls overlap, and late answers are taken",
            Bounds(polls=3, in_flight=2, polls_fail=False),
            Hands.end,
        ),
        ("a failed poll renews the lease", Bounds(polls=3), Hands.end),
        ("the gate does not ask for the lease", Bounds(), Hands.end),
        ("recent closures are forgotten", Bounds(polls=2, polls_fail=False), Hands.end),
        ("rechecks do not mute", Bounds(polls=2, polls_fail=False), Hands.move_end),
    ],
)
def test_where_a_rule_is_left_out_such_a_state_is_found(name, bounds, ending):
    with BY_NAME[name].applied():
        explored = explore(Model(bounds, ending=ending))
    assert explored.counterexample is not None
