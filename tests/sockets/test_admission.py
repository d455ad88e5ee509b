"""Between what is read and who may speak nothing is lost, whatever has been applied meanwhile (R8)."""

from datetime import timedelta
from math import inf

import pytest

from app.domain.closing import CloseCode, Reason
from app.domain.ids import AccountId
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
def test_an_end_applied_between_read_and_admission_refuses_whatever_only_the_read_could_tell(kind, closure) -> None:
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


def test_a_second_read_that_finds_the_credential_dead_closes() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    assert cores.judge_again(socket, cores.reading(record(socket, ended=Reason.LOGGED_OUT), saw=saw(up_to=60)))
    assert socket.closing is not None
    assert socket.closing.reason is Reason.LOGGED_OUT


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(None, Reason.SESSION_REVOKED), (API_TOKEN, Reason.TOKEN_REVOKED), (DAEMON, Reason.ACCOUNT_DELETED)],
)
def test_a_row_that_is_gone_is_told_as_what_it_means(kind, reason) -> None:
    cores = Cores()
    socket = cores.admitted(1) if kind is None else cores.admitted(1, kind=kind)
    assert cores.judge_again(socket, cores.reading(None, saw=saw(up_to=60)))
    assert socket.closing is not None
    assert socket.closing.reason is reason


def test_a_second_read_that_finds_it_alive_arms_the_new_deadline_and_lets_it_speak() -> None:
    cores = Cores()
    socket = cores.admitted(1, lasts=timedelta(seconds=1))
    cores.apply(recheck(TargetKind.SESSION, hash_of(1)))
    seen = cores.reading(record(socket, lasts=timedelta(seconds=9)), saw=saw(up_to=50), sent_at=1.0)
    assert cores.judge_again(socket, seen)
    assert (socket.deadline, socket.is_mute, socket.owed) == (10.0, False, ())
    assert cores.deadlines.due(5.0) == []


def test_a_read_that_has_not_seen_every_recheck_does_not_count() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.apply(recheck(TargetKind.SESSION, hash_of(1), transaction=50))
    cores.apply(recheck(TargetKind.SESSION, hash_of(1), transaction=40))
    assert not cores.judge_again(socket, cores.reading(record(socket), saw=saw(up_to=60, except_for=[40])))
    assert socket.is_mute
    assert cores.judge_again(socket, cores.reading(record(socket), saw=saw(up_to=60)))
    assert not socket.is_mute


def test_a_read_older_than_the_last_one_does_not_count() -> None:
    cores = Cores()
    socket = cores.admitted(1, saw=saw(up_to=60))
    assert not cores.judge_again(socket, cores.reading(record(socket), saw=saw(up_to=59)))
    assert not cores.judge_again(socket, cores.reading(record(socket), saw=saw(up_to=60, except_for=[55])))


def test_a_recheck_of_this_epoch_is_owed_even_by_who_was_verified_in_an_earlier_one() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.currency.epoch = cores.currency.begin_epoch()
    cores.registry.mute_before_epoch(cores.currency.epoch, generation=1)
    sent_before_it = cores.reading(record(socket), saw=saw(up_to=49))
    cores.apply(recheck(TargetKind.SESSION, hash_of(1), transaction=50))
    assert not cores.judge_again(socket, sent_before_it)
    assert socket.is_mute


def test_what_was_owed_before_a_reconciliation_does_not_keep_a_socket_mute_for_ever() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.apply(recheck(TargetKind.SESSION, hash_of(1), transaction=5_000))
    cores.currency.epoch = cores.currency.begin_epoch()
    cores.registry.mute_before_epoch(cores.currency.epoch, generation=1)
    assert cores.judge_again(socket, cores.reading(record(socket), saw=saw(up_to=49)))
    assert not socket.is_mute


def test_what_was_read_before_a_reconciliation_does_not_count_after_it() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    reading = cores.reading(record(socket), saw=saw(up_to=60))
    cores.currency.epoch = cores.currency.begin_epoch()
    assert not cores.judge_again(socket, reading)


def test_a_credential_that_has_become_another_accounts_closes_as_reconnect() -> None:
    cores = Cores()
    socket = cores.admitted(1, account=1)
    assert cores.judge_again(socket, cores.reading(record(socket, account=2), saw=saw(up_to=60)))
    assert socket.closing is not None
    assert socket.closing.code is CloseCode.RECONNECT
    assert socket.account_id == AccountId(number(1))


def test_a_second_read_touches_neither_who_is_closing_nor_who_is_pending() -> None:
    cores = Cores()
    closing, pending = cores.admitted(1), cores.attach(entry(2))
    cores.registry.close_sockets_for_session(hash_of(1))
    closed = closing.closing
    assert cores.judge_again(closing, cores.reading(None, saw=saw(up_to=60)))
    assert cores.judge_again(pending, cores.reading(None, saw=saw(up_to=60)))
    assert closing.closing is closed
    assert not pending.is_admitted
    assert pending.deadline == inf
