"""When a ring is answered: each property on a clock that the test moves."""

import asyncio
import itertools

import pytest

from app.clock import boot_seconds
from app.realtime.bell import (
    LONGEST_COUNTED_S,
    NOT_URGENT_SPACING_S,
    NOT_URGENT_WITHIN_S,
    SHARE,
    TOGETHER_A_SECOND,
    Bell,
)
from tests.realtime.cores import Clock

LEAST_S = 0.025
MOST_S = 1.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bell(clock: Clock) -> Bell:
    return Bell(least_s=LEAST_S, most_s=MOST_S, clock=clock)


async def is_due(bell: Bell, clock: Clock) -> bool:
    """Whether a ring calls for it now, far ahead of the interval."""
    waiting = asyncio.create_task(bell.wait(until=clock.now + 60))
    for _ in range(3):
        await asyncio.sleep(0)
    is_over = waiting.done()
    waiting.cancel()
    await asyncio.wait({waiting})
    return is_over


async def test_the_first_ring_that_is_urgent_is_answered_at_once(bell: Bell, clock: Clock) -> None:
    assert not await is_due(bell, clock)
    bell.ring(is_urgent=True)
    assert await is_due(bell, clock)


async def test_what_is_not_urgent_is_answered_soon_and_not_at_once(bell: Bell, clock: Clock) -> None:
    bell.ring(is_urgent=False)
    clock.now += NOT_URGENT_WITHIN_S * 0.4
    assert not await is_due(bell, clock)
    clock.now += NOT_URGENT_WITHIN_S * 0.6
    assert await is_due(bell, clock)


async def test_further_rings_that_are_not_urgent_postpone_nothing(bell: Bell, clock: Clock) -> None:
    bell.ring(is_urgent=False)
    for _ in range(10):
        clock.now += NOT_URGENT_WITHIN_S / 10
        bell.ring(is_urgent=False)
    assert await is_due(bell, clock)


def test_a_steady_stream_that_is_not_urgent_is_answered_a_few_times_a_second(
    bell: Bell, clock: Clock
) -> None:
    began, answers = clock.now, 0
    while clock.now < began + 6:
        bell.ring(is_urgent=False)
        if bell._due_at <= clock.now:
            bell.begins()
            answers += 1
        clock.now += LEAST_S / 5
    assert 6 / (NOT_URGENT_SPACING_S + LEAST_S) - 1 <= answers <= 6 / NOT_URGENT_SPACING_S + 1


async def test_after_a_pause_what_is_not_urgent_is_answered_as_soon_as_the_first_time(
    bell: Bell, clock: Clock
) -> None:
    """A receipt of a calm fleet does not wait because of an earlier one."""
    bell.ring(is_urgent=False)
    bell.begins()
    clock.now += NOT_URGENT_SPACING_S
    bell.ring(is_urgent=False)
    clock.now += NOT_URGENT_WITHIN_S
    assert await is_due(bell, clock)


async def test_what_is_urgent_comes_soon_after_an_answer_to_what_was_not(bell: Bell, clock: Clock) -> None:
    bell.ring(is_urgent=False)
    bell.begins()
    clock.now += LEAST_S
    bell.ring(is_urgent=True)
    assert await is_due(bell, clock)


async def test_an_urgent_ring_does_not_wait_for_one_that_is_not(bell: Bell, clock: Clock) -> None:
    bell.ring(is_urgent=False)
    bell.ring(is_urgent=True)
    assert await is_due(bell, clock)


async def test_rings_are_not_answered_more_often_than_the_spacing(bell: Bell, clock: Clock) -> None:
    """B126."""
    bell.ring(is_urgent=True)
    bell.begins()
    bell.ring(is_urgent=True)
    assert not await is_due(bell, clock)
    clock.now += LEAST_S
    assert await is_due(bell, clock)


async def test_a_ring_soon_after_one_that_the_interval_caused_is_answered_at_once(
    bell: Bell, clock: Clock
) -> None:
    bell.begins()
    bell.ring(is_urgent=True)
    assert await is_due(bell, clock)


async def test_what_has_begun_answers_all_who_rang_before_and_nobody_after(bell: Bell, clock: Clock) -> None:
    bell.ring(is_urgent=True)
    bell.begins()
    clock.now += MOST_S
    assert not await is_due(bell, clock)
    bell.ring(is_urgent=True)
    assert await is_due(bell, clock)


@pytest.mark.parametrize("nodes", [1, 2, 10, 50, 200, 400])
def test_all_nodes_of_a_fleet_together_answer_rings_a_bounded_number_of_times(
    clock: Clock, nodes: int
) -> None:
    fleet = [Bell(least_s=LEAST_S, most_s=MOST_S, clock=clock) for _ in range(nodes)]
    answers = 0
    for bell in fleet:
        bell.nodes = nodes
    began = clock.now
    while clock.now < began + 5:
        for bell in fleet:
            bell.ring(is_urgent=True)
            if bell._due_at <= clock.now:
                bell.begins()
                answers += 1
        clock.now += LEAST_S / 5
    bound = min(TOGETHER_A_SECOND, nodes / LEAST_S)
    assert answers <= 5 * bound + nodes
    assert answers > 5 * bound * 0.8


def test_a_ring_never_waits_for_longer_than_the_interval_however_many_nodes_there_are(bell: Bell) -> None:
    bell.nodes = 100_000
    assert bell.spread_s == bell.spacing_s == MOST_S


def test_what_costs_much_is_done_less_often_up_to_a_bound(bell: Bell) -> None:
    for _ in range(50):
        bell.took(LEAST_S * SHARE * 2)
    assert bell.spacing_s == pytest.approx(2 * LEAST_S, rel=0.01)
    assert bell.spread_s == LEAST_S
    for _ in range(50):
        bell.took(60)
    assert bell.spacing_s == pytest.approx(LONGEST_COUNTED_S / SHARE, rel=0.01)


def test_nodes_that_hear_the_same_message_do_not_all_answer_in_the_same_instant(clock: Clock) -> None:
    fleet = [Bell(least_s=LEAST_S, most_s=MOST_S, clock=clock) for _ in range(50)]
    for bell in fleet:
        bell.nodes = len(fleet)
        bell.ring(is_urgent=False)
    gaps = [later - earlier for earlier, later in itertools.pairwise(sorted(bell._due_at for bell in fleet))]
    assert sum(gaps) > fleet[0].spread_s / 4


async def test_whoever_waits_is_woken_by_a_ring_and_else_at_the_interval() -> None:
    bell = Bell(least_s=LEAST_S, most_s=MOST_S, clock=boot_seconds)
    async with asyncio.timeout(5):
        began = boot_seconds()
        await bell.wait(until=began + 0.05)
        assert boot_seconds() - began > 0.045
        waiting = asyncio.create_task(bell.wait(until=boot_seconds() + 60))
        await asyncio.sleep(0)
        bell.ring(is_urgent=False)
        await waiting
