"""Between what is read and who may speak nothing is lost, whatever has been applied meanwhile (R8)."""

from datetime import timedelta

import pytest

from app.domain.closing import CloseCode, Reason
from app.domain.targets import TargetKind
from app.sockets.admission import Admitted, NotCurrent, Refused, VerifyAgain
from app.sockets.gate import Passage, passage
from tests.sockets.parts import (
    API_TOKEN,
    DAEMON,
    Cores,
    close,
    entry,
    hash_of,
    number,
    recheck,
    record,
    saw,
)


def test_a_living_credential_is_admitted_and_speaks() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    assert passage(socket, cores.currency, 1.0) is Passage.PASS
    assert cores.registry.pending_count == 0


def test_an_end_that_the_read_shows_is_refused_with_its_reason() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    verdict = cores.judge(socket, cores.reading(record(socket, ended=Reason.PASSWORD_CHANGED)))
    assert isinstance(verdict, Refused)
    assert (verdict.closing.code, verdict.closing.reason) == (CloseCode.REVOKED, Reason.PASSWORD_CHANGED)
    assert len(cores.registry) == 0


def test_a_credential_that_does_not_exist_is_unauthenticated() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    verdict = cores.judge(socket, cores.reading(None))
    assert isinstance(verdict, Refused)
    assert verdict.closing.reason is Reason.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("kind", "closure"),
    [
        pytest.param(None, close(TargetKind.SESSION, hash_of(1)), id="the session"),
        pytest.param(API_TOKEN, close(TargetKind.TOKEN, str(number(8))), id="the API token"),
        pytest.param(API_TOKEN, close(TargetKind.ACCOUNT, str(number(1))), id="the token's account"),
        pytest.param(DAEMON, close(TargetKind.ACCOUNT, str(number(1))), id="the daemon token's account"),
        pytest.param(None, close(TargetKind.ACCOUNT, str(number(1))), id="the session's account"),
    ],
)
def test_an_end_applied_between_read_and_admission_refuses_whatever_only_the_read_could_tell(
    kind, closure
) -> None:
    cores = Cores()
    socket = cores.attach(entry(1) if kind is None else entry(1, kind=kind))
    reading = cores.reading(record(socket, api_token=8 if kind is API_TOKEN else None), saw=saw(up_to=49))
    cores.apply(closure)
    verdict = cores.judge(socket, reading)
    assert isinstance(verdict, Refused)
    assert verdict.closing.code is CloseCode.REVOKED
    assert len(cores.registry) == cores.registry.index_size == len(cores.registry.recent) == 0


def test_an_end_of_somebody_else_does_not_hinder() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    cores.apply(close(TargetKind.SESSION, hash_of(2)))
    cores.apply(close(TargetKind.ACCOUNT, str(number(2))))
    assert cores.judge(socket, cores.reading(record(socket))) == Admitted()


def test_an_end_that_the_read_saw_does_not_hinder() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    cores.apply(close(TargetKind.ACCOUNT, str(number(1)), transaction=50))
    assert cores.judge(socket, cores.reading(record(socket), saw=saw(up_to=50))) == Admitted()


@pytest.mark.parametrize(
    "closure",
    [
        close(TargetKind.ACCOUNT, str(number(1)), invalidates=frozenset()),
        recheck(TargetKind.SESSION, hash_of(1)),
        recheck(TargetKind.GRANT, str(number(5))),
        recheck(TargetKind.TABLE, "session"),
    ],
    ids=["4005", "recheck", "recheck of the grant", "recheck of the table"],
)
def test_what_need_not_be_the_end_is_read_once_more_and_then_admitted(closure) -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    too_early = cores.reading(record(socket, grant=5), saw=saw(up_to=49))
    cores.apply(closure)
    assert cores.judge(socket, too_early) == VerifyAgain()
    assert not socket.is_admitted
    assert cores.judge(socket, cores.reading(record(socket, grant=5), saw=saw(up_to=50))) == Admitted()


def test_a_close_without_a_transaction_is_read_once_more_only_once() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    cores.apply(close(TargetKind.ACCOUNT, str(number(1)), transaction=None, invalidates=frozenset()))
    assert cores.judge(socket, cores.reading(record(socket))) == VerifyAgain()
    assert cores.judge(socket, cores.reading(record(socket))) == Admitted()


def test_reading_once_more_does_not_make_the_registry_forget_what_others_need() -> None:
    cores = Cores()
    first, second = cores.attach(entry(1)), cores.attach(entry(2))
    too_early = cores.reading(record(second), saw=saw(up_to=49))
    cores.apply(close(TargetKind.ACCOUNT, str(number(1))))
    cores.apply(recheck(TargetKind.SESSION, hash_of(1)))
    assert cores.judge(first, cores.reading(record(first, account=2))) == VerifyAgain()
    assert isinstance(cores.judge(second, too_early), Refused)
    assert cores.judge(first, cores.reading(record(first, account=2))) == Admitted()
    assert len(cores.registry.recent) == 0


def test_a_node_that_is_not_current_admits_nobody() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    assert cores.judge(socket, cores.reading(record(socket)), now=3.5) == NotCurrent()
    assert len(cores.registry) == 0


def test_an_opening_that_takes_longer_than_closures_are_remembered_is_given_up() -> None:
    cores = Cores()
    socket = cores.attach(entry(1), at=0.0)
    cores.poll(saw(up_to=11), at=60.5)
    assert cores.judge(socket, cores.reading(record(socket)), now=60.5) == NotCurrent()


def test_a_socket_that_has_left_meanwhile_is_not_admitted() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    cores.registry.detach(socket)
    assert cores.judge(socket, cores.reading(record(socket))) == NotCurrent()
    assert cores.registry.index_size == 0


def test_what_was_read_in_another_epoch_is_read_once_more() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    reading = cores.reading(record(socket))
    cores.currency.epoch = cores.currency.begin_epoch()
    assert cores.judge(socket, reading) == VerifyAgain()


def test_a_deadline_counts_from_the_clock_before_the_read_was_sent() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    cores.judge(socket, cores.reading(record(socket, lasts=timedelta(seconds=10)), sent_at=0.5))
    assert socket.deadline == 10.5


def test_a_credential_that_ended_by_the_clock_during_the_read_is_read_once_more() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    reading = cores.reading(record(socket, lasts=timedelta(seconds=0.25)), sent_at=0.5)
    assert cores.judge(socket, reading, now=1.0) == VerifyAgain()
