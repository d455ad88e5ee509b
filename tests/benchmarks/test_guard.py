"""The guard would notice: what is slower than its margins allow, in this very measure, is told and fails."""

import pytest

from benchmarks.guard import GUARD, passes
from benchmarks.running import Result

FLOOR = {
    "publish_p50_ms": 1.0,
    "echo_cpu_us": 100.0,
    "open_cpu_ms": 1.0,
    "storm_cpu_ms": 0.2,
    "storm_per_second": 4000.0,
    "storm_missing": 0.0,
}
SLOW = {
    "publish_p50_ms": 10.0,
    "echo_cpu_us": 5000.0,
    "open_cpu_ms": 50.0,
    "storm_cpu_ms": 5.0,
    "storm_per_second": 40.0,
    "storm_missing": 1.0,
}


def a_result(**ours: float) -> Result:
    return Result(benchmark=GUARD, rounds=[{"cutoff": {**FLOOR, **ours}, "subscriber": FLOOR}])


def test_as_fast_as_the_floor_passes():
    assert passes(a_result())


@pytest.mark.parametrize("figure", SLOW)
def test_each_of_its_figures_can_fail_alone(figure):
    assert not passes(a_result(**{figure: SLOW[figure]}))
