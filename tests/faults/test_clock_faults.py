import shutil

import pytest

from tests.faults import clock_faults
from tests.faults.fault import Fault, faults_of
from tests.faults.playing import play
from tests.faults.world import World

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        shutil.which("cc") is None, reason="the clock of one process is stepped by a C library"
    ),
]


@pytest.mark.parametrize("fault", faults_of(clock_faults.__name__), ids=lambda fault: fault.name)
def test_the_bound_holds_and_no_bystander_closes(world: World, fault: Fault):
    measured = play(world, fault)

    assert fault.holds(measured), measured
