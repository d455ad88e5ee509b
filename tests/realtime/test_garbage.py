"""Python's collector in a node: bounded pauses, and cycles are found all the same."""

import gc
import sys
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
    garbage = Garbage(clock=boot_seconds, sockets=lambda: 0)
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


def frozen_while_in_use(count: int) -> ref[Thing]:
    """So many cycles that somebody referred to when the collector came; nobody does any more. One of them."""
    in_use = [Thing() for _ in range(count)]
    for thing in in_use:
        thing.other = [thing]
    gc.collect()
    return ref(in_use[0])


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


def test_what_was_in_use_when_it_was_frozen_is_found_once_it_has_added_up(garbage):
    """B196: the memory of a node has a bound."""
    assert not garbage.thaw_if_much_is_lost()
    lost = []
    before = sys.getallocatedblocks()
    while sys.getallocatedblocks() < 2 * before + 100_000:
        lost.append(frozen_while_in_use(50_000))
    gc.collect()
    assert all(each() is not None for each in lost), "frozen"
    assert garbage.thaw_if_much_is_lost()
    assert not any(each() for each in lost)
    assert not garbage.thaw_if_much_is_lost()


def test_many_sockets_are_no_reason_to_look_through_everything():
    garbage = Garbage(clock=boot_seconds, sockets=lambda: 1_000_000)
    garbage.begin()
    try:
        stays = [Thing() for _ in range(2 * sys.getallocatedblocks())]
        assert not garbage.thaw_if_much_is_lost()
        assert stays
    finally:
        garbage.end()


async def test_a_node_begins_with_it_once_it_has_started_and_leaves_nothing_of_it(settings):
    async with a_node(settings):
        await eventually(lambda: gc.get_threshold() == THRESHOLDS, within_s=10)
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == AS_BEFORE
    assert gc.get_freeze_count() == 0
