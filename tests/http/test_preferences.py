from datetime import timedelta

import pytest

from app.http.preferences import preferred_wait

LIMIT = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5),
        ("respond-async, wait=5", 5),
        ("Wait = 5", 5),
        ('wait="5"', 5),
        ("wait=5; foo=bar", 5),
        ("wait=0", 0),
        ("wait=31", 30),
        ("wait=999999999", 30),
        ("wait=x, wait=7", 7),
    ],
)
def test_a_wait_that_makes_sense_is_honoured_up_to_the_limit(header, seconds):
    assert preferred_wait([header], limit=LIMIT) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "header",
    ["wait=-1", "wait=nan", "wait=1e9", "wait=", "wait", "wait=5.5", "wait=" + "9" * 400, "wait=٣", ""],
)
def test_an_absurd_wait_is_ignored(header):
    assert preferred_wait([header], limit=LIMIT) is None


def test_no_header_is_no_preference():
    assert preferred_wait([], limit=LIMIT) is None
