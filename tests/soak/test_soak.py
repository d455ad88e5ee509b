"""A soak of a few hundred sockets: what `make soak` does for ten minutes with ten thousand."""

import secrets

import pytest

from tests.faults.world import running_world
from tests.soak.soak import Pace, soak

SECONDS = 12.0
SOCKETS = 240


@pytest.mark.timeout(240)
def test_under_random_faults_the_right_sockets_close_and_no_others() -> None:
    pace, seed = Pace(ending_s=0.4, rotation_s=0.3, fault_s=0.5), secrets.randbelow(10**9)
    with running_world() as world:
        outcome = world.run(soak(world, seconds=SECONDS, sockets=SOCKETS, pace=pace, seed=seed))
    told = (seed, outcome)
    assert outcome.holds, told
    assert outcome.revocations > 5, told
    assert outcome.rotations > 5, told
    assert outcome.faults.total() >= 3, told
    assert outcome.verdict.judged >= 20, told
