"""What is remembered for sockets that are opening, and no longer than they need it."""

from app.domain.targets import TargetKind
from app.sockets.recent_closures import RecentClosures
from tests.sockets.parts import Cores, close, entry, hash_of, record


def test_what_came_after_a_place_in_the_order_is_told_latest_first() -> None:
    recent = RecentClosures()
    first, second, third = (close(TargetKind.SESSION, hash_of(key)) for key in (1, 2, 3))
    recent.remember(first)
    place = recent.next_order()
    recent.remember(second)
    recent.remember(third)
    assert list(recent.since(place)) == [third, second]
    recent.forget_before(place)
    assert len(recent) == 2
    recent.forget_before(None)
    assert len(recent) == 0


def test_nothing_is_remembered_while_nobody_is_opening() -> None:
    cores = Cores()
    cores.admitted(1)
    cores.apply(close(TargetKind.SESSION, hash_of(2)))
    assert len(cores.registry.recent) == 0


def test_the_oldest_opening_decides_how_far_back_it_goes() -> None:
    cores = Cores()
    first = cores.attach(entry(1))
    cores.apply(close(TargetKind.SESSION, hash_of(7)))
    second = cores.attach(entry(2))
    cores.apply(close(TargetKind.SESSION, hash_of(8)))
    cores.judge(first, cores.reading(record(first)))
    assert [closure.target.key for closure in cores.registry.recent.since(0)] == [hash_of(8)]
    cores.registry.detach(second)
    assert len(cores.registry.recent) == 0
