"""Python's collector in a node: bounded pauses, and cycles are found all the same."""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from app.clock import boot_seconds
from app.realtime.garbage import AS_BEFORE, FREEZE_ABOVE, THRESHOLDS, Garbage
from tests.realtime.conditions import eventually
from tests.realtime.nodes import a_node

LOOKED_AT_ONCE = FREEZE_ABOVE + 3 * THRESHOLDS[0] * (THRESHOLDS[1] + 1)
"""Survivors, and what is made between two full collections; with room for what the test itself makes."""


class Thing:
    """Something that is looked at."""

    def __init__(self) -> None:
        self.other: object = None


@pytest.fixture
def garbage() -> Iterator[Garbage]:
    garbage = Garbage(clock=boot_seconds)
    garbage.begin()
    yield garbage
    garbage.end()


def in_cycles(count: int) -> list[ref[Thing]]:
    """Nobody refers to them but each to another."""
    seen = []
    for _ in range(count):
        one, two = Thing(), Thing()
        one.other, two.other = two, one
        seen.append(ref(one))
    return seen


def test_however_much_there_is_a_collection_looks_at_no_more_than_what_is_new(garbage):
    """B196."""
    stays = []
    most = 0
    for _ in range(100):
        stays.append([Thing() for _ in range(1_000)])
        most = max(most, len(gc.get_objects()))
    assert most <= LOOKED_AT_ONCE < sum(map(len, stays)) / 5
    assert garbage.freezes >= 5
    assert garbage.longest_pause_s > 0


def test_cycles_are_found_while_much_is_frozen(garbage):
    stays = []
    lost = []
    for _ in range(100):
        stays.append([Thing() for _ in range(1_000)])
        lost += in_cycles(100)
    assert garbage.freezes >= 5
    gc.collect()
    assert (
        sum(each() is not None for each in lost) <= garbage.freezes
    )  # the one that was being made just then


def test_what_was_frozen_is_freed_when_nobody_refers_to_it_any_more(garbage):
    stays = [Thing() for _ in range(100_000)]
    seen = [ref(thing) for thing in stays]
    assert garbage.freezes
    stays.clear()
    assert not any(each() for each in seen)


def test_where_hardly_anything_stays_nothing_is_frozen_and_nothing_is_lost(garbage):
    for _ in range(500):
        in_cycles(100)
    assert garbage.freezes == 0
    assert sum(type(each) is Thing for each in gc.get_objects()) < LOOKED_AT_ONCE


async def test_a_node_begins_with_it_once_it_has_started_and_leaves_nothing_of_it(settings):
    async with a_node(settings):
        await eventually(lambda: gc.get_threshold() == THRESHOLDS, within_s=10)
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == AS_BEFORE
    assert gc.get_freeze_count() == 0
