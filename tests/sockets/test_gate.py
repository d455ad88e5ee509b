"""Whether a frame may pass at this very instant (R9)."""

from datetime import timedelta

import pytest

from app.domain.targets import TargetKind
from app.sockets.gate import Passage, passage
from tests.sockets.parts import Cores, close, entry, hash_of, recheck, saw


def test_it_opens_at_admission_and_not_before() -> None:
    cores = Cores()
    assert passage(cores.attach(entry(1)), cores.currency, 1.0) is Passage.WAIT
    assert passage(cores.admitted(2), cores.currency, 1.0) is Passage.PASS


@pytest.mark.parametrize(
    ("now", "expected"), [(3.0, Passage.PASS), (3.001, Passage.WAIT), (1e9, Passage.WAIT)]
)
def test_it_waits_when_the_lease_has_run_out_though_no_timer_has_fired(now, expected) -> None:
    cores = Cores()
    assert passage(cores.admitted(1), cores.currency, now) is expected


@pytest.mark.parametrize(
    ("now", "expected"), [(1.499, Passage.PASS), (1.5, Passage.WAIT), (2.0, Passage.WAIT)]
)
def test_at_the_deadline_it_is_over(now, expected) -> None:
    cores = Cores()
    assert passage(cores.admitted(1, lasts=timedelta(seconds=1)), cores.currency, now) is expected


def test_it_waits_while_a_read_is_owed_and_opens_after_the_next_poll() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.apply(recheck(TargetKind.SESSION, hash_of(1)))
    assert passage(socket, cores.currency, 1.0) is Passage.WAIT
    cores.registry.read_is_done(socket)
    assert passage(socket, cores.currency, 4.0) is Passage.WAIT
    cores.poll(saw(up_to=60), at=4.0)
    assert passage(socket, cores.currency, 4.0) is Passage.PASS


def test_once_shut_it_stays_shut_whatever_comes() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.apply(close(TargetKind.SESSION, hash_of(1)))
    cores.registry.read_is_done(socket)
    cores.poll(saw(up_to=60), at=2.0)
    assert passage(socket, cores.currency, 2.0) is Passage.SHUT


def test_under_serve_it_opens_although_the_node_is_not_current() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.currency.serves_when_stale = True
    assert passage(socket, cores.currency, 1e6) is Passage.PASS
