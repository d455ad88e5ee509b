"""Percentiles are nearest ranks, and several rounds are told by their median and their ends."""

import pytest

from benchmarks.figures import Spread, latencies, percentile, rounded


def test_the_median_of_a_hundred_is_the_fiftieth_and_their_p99_the_ninety_ninth():
    values = list(range(100, 0, -1))
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99


def test_one_value_is_every_percentile_of_itself():
    assert latencies([0.25]) == {"p50_ms": 250.0, "p99_ms": 250.0}


def test_rounds_are_told_by_their_median_and_their_ends():
    assert Spread.of([3.0, 9.0, 1.0]).as_json() == {"median": 3.0, "least": 1.0, "greatest": 9.0}


@pytest.mark.parametrize(("value", "told"), [(0.123456, 0.123), (12.3456, 12.3), (54321.6, 54322)])
def test_numbers_are_told_as_far_as_they_mean_something(value, told):
    assert rounded(value) == told
