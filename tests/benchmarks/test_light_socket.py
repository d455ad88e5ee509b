"""The benchmarks' client sees what a client sees, on the baseline of the benchmarks."""

from collections.abc import Iterator

import pytest

from benchmarks.stacks import Stack
from benchmarks.stacks.others import subscriber


@pytest.fixture
def floor(redis_url: str) -> Iterator[Stack]:
    with subscriber(redis_url) as stack:
        yield stack


def test_an_account_that_is_closed_has_its_last_close_told_and_others_echo_on(floor: Stack):
    leaving, staying = floor.invite(2)
    floor.open([leaving, staying], each=3)
    floor.crowd.ask(echo=[staying.key], per_second=100)
    assert all(0 < seconds < 10 for seconds in floor.close_paced([leaving.key], interval_s=0.5))
    assert floor.crowd.ask(echo=[], per_second=0)["round_trips"]


def test_sockets_that_nobody_closed_are_missing(floor: Stack):
    guest = floor.invite(1)[0]
    floor.open([guest], each=1)
    with pytest.raises(RuntimeError, match="1 sockets were not closed"):
        floor.ends([guest.key], within_s=0.1)
