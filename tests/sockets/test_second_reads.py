"""What a later read does to a socket that was admitted: after a recheck, at its deadline, in a reconciliation."""

from dataclasses import replace
from datetime import timedelta
from math import inf

import pytest

from app.domain.closing import CloseCode, Reason
from app.domain.ids import AccountId
from app.domain.targets import TargetKind
from tests.sockets.parts import (
    API_TOKEN,
    DAEMON,
    NOW,
    Cores,
    entry,
    hash_of,
    number,
    recheck,
    record,
    saw,
)


def test_a_second_read_that_finds_the_credential_dead_closes() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    assert cores.judge_again(
        socket, cores.reading(record(socket, ended=Reason.LOGGED_OUT), saw=saw(up_to=60))
    )
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


def test_a_read_in_an_old_snapshot_is_judged_by_the_clock_of_that_snapshot() -> None:
    cores = Cores()
    socket = cores.admitted(1, lasts=timedelta(seconds=2))
    late = replace(record(socket, lasts=timedelta(seconds=2)), read_at=NOW + timedelta(seconds=5))
    reading = cores.reading(late, saw=saw(up_to=60), sent_at=9.0)
    assert cores.judge_again(socket, reading.as_of(sent_at=4.0, read_at=NOW))
    assert socket.closing is None
    assert socket.deadline == 6.0
