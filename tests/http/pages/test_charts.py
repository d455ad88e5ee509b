"""Charts as numbers: within their frame, in proportion, and right at the ends of the scale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.pages.charts import Chart, counts_chart, durations_chart


def is_within(chart: Chart) -> bool:
    return all(
        chart.left <= bar.x
        and bar.x + bar.width <= chart.right + 0.1
        and bar.y >= 0
        and bar.y + bar.height <= chart.height
        for bar in chart.bars
    )


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_whatever_is_drawn_stays_within_the_frame(seconds: list[float]):
    assert is_within(durations_chart([(each, "") for each in seconds], slots=40))


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_counts_stay_within_the_frame_and_the_scale_reaches_the_highest(counts: list[int]):
    chart = counts_chart([(each, "") for each in counts])
    assert is_within(chart)
    assert int(chart.lines[-1].label) >= max(counts, default=0)


def test_ten_times_as_long_is_one_line_higher():
    chart = durations_chart([(0.01, "a"), (0.1, "b")], slots=40)
    lines = {line.label: line.y for line in chart.lines}
    assert [bar.y for bar in chart.bars] == [lines["10 ms"], lines["100 ms"]]


@pytest.mark.parametrize(("highest", "top"), [(0, "4"), (4, "4"), (5, "8"), (9, "20"), (999, "2000")])
def test_the_scale_of_counts_is_round(highest: int, top: str):
    assert counts_chart([(highest, "")]).lines[-1].label == top


def test_nothing_has_no_height_and_twice_as_many_is_twice_as_high():
    none, one, two = counts_chart([(0, ""), (1, ""), (2, "")]).bars
    assert none.height == 0
    assert two.height == pytest.approx(2 * one.height)
