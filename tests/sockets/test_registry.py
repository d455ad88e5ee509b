"""Exactly the right sockets close, once, and counted once."""

from app.domain.closing import CloseCode, Reason, closing_for_reason
from app.domain.connection_closer import ConnectionCloser
from app.domain.ids import RevocationId
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.sockets.registry import Via
from tests.sockets.parts import (
    API_TOKEN,
    DAEMON,
    SESSION,
    Cores,
    close,
    entry,
    hash_of,
    number,
    recheck,
    saw,
)


def test_a_registry_is_a_connection_closer() -> None:
    closer: ConnectionCloser = Cores().registry
    assert closer.close_sockets_for_account(str(number(1))) == 0


def test_a_session_closes_its_sockets_and_no_others_and_the_second_time_none() -> None:
    cores = Cores()
    first, second, other = cores.admitted(1), cores.admitted(1), cores.admitted(2)
    assert cores.registry.close_sockets_for_session(hash_of(1)) == 2
    assert cores.registry.close_sockets_for_session(hash_of(1)) == 0
    assert first.closing is not None
    assert first.closing == second.closing
    assert other.closing is None


def test_a_token_closes_by_its_id_not_by_its_hash() -> None:
    cores = Cores()
    socket = cores.admitted(3, kind=API_TOKEN)
    assert cores.registry.close_sockets_for_session(hash_of(3)) == 0
    assert cores.registry.close_sockets_for_token(str(number(3))) == 1
    assert socket.closing == closing_for_reason(Reason.REVOKED, API_TOKEN)


def test_an_account_closes_all_its_sockets_and_tells_the_valid_ones_to_reconnect() -> None:
    cores = Cores()
    session, token, daemon = (
        cores.admitted(1),
        cores.admitted(2, kind=API_TOKEN),
        cores.admitted(3, kind=DAEMON),
    )
    stranger = cores.admitted(4, account=2)
    cause = Cause(reason=Reason.PASSWORD_CHANGED, invalidates=frozenset({SESSION}))
    assert cores.registry.close_sockets_for_account(str(number(1)), cause=cause) == 3
    told = [socket.closing and socket.closing.code for socket in (session, token, daemon, stranger)]
    assert told == [CloseCode.REVOKED, CloseCode.RECONNECT, CloseCode.RECONNECT, None]


def test_a_closure_concerns_only_the_keys_on_which_a_socket_depends() -> None:
    cores = Cores()
    cores.admitted(1, grant=7)
    cores.admitted(2, kind=API_TOKEN)
    held = {
        TargetKind.SESSION: hash_of(1),
        TargetKind.TOKEN: str(number(2)),
        TargetKind.ACCOUNT: str(number(1)),
        TargetKind.GRANT: str(number(7)),
    }
    for kind, key in held.items():
        assert list(cores.registry.concerned(kind, ["", hash_of(9), key, str(number(9))])) == [key]
    assert list(cores.registry.concerned(TargetKind.TABLE, ["session"])) == ["session"]


def test_while_a_socket_opens_every_key_concerns_it_as_its_read_is_yet_to_tell() -> None:
    """B160."""
    cores = Cores()
    opening = cores.attach(entry(1))
    keys = [str(number(1)), str(number(2))]
    assert list(cores.registry.concerned(TargetKind.ACCOUNT, keys)) == keys
    cores.registry.detach(opening)
    assert list(cores.registry.concerned(TargetKind.ACCOUNT, keys)) == []


def test_an_empty_key_and_the_word_none_close_nobody() -> None:
    cores = Cores()
    cores.admitted(1)
    cores.attach(entry(2, kind=API_TOKEN))
    for key in ("", "None", "*", "%"):
        assert cores.registry.close_sockets_for_account(key) == 0
        assert cores.registry.close_sockets_for_token(key) == 0
        assert cores.registry.close_sockets_for_session(key) == 0


def test_a_table_is_only_ever_rechecked() -> None:
    cores = Cores()
    session, token = cores.admitted(1), cores.admitted(2, kind=API_TOKEN)
    assert cores.apply(close(TargetKind.TABLE, "api_token")) == 0
    cores.apply(recheck(TargetKind.TABLE, "api_token"))
    assert (session.is_mute, token.is_mute) == (False, True)
    cores.apply(recheck(TargetKind.TABLE, "no_such_table"))
    cores.apply(recheck(TargetKind.TABLE, "account", transaction=51))
    assert session.is_mute


def test_a_pending_socket_is_counted_when_it_is_struck_and_only_once() -> None:
    cores = Cores()
    socket = cores.attach(entry(1))
    assert cores.registry.close_sockets_for_session(hash_of(1)) == 1
    assert cores.registry.close_sockets_for_session(hash_of(1)) == 0
    assert socket.closing is None
    assert cores.shut == []


def test_a_pending_socket_that_need_not_end_is_not_counted() -> None:
    cores = Cores()
    cores.attach(entry(1, kind=DAEMON))
    cause = Cause(reason=Reason.LOGGED_OUT, invalidates=frozenset())
    assert cores.registry.close_sockets_for_account(str(number(1)), cause=cause) == 0


def test_a_closure_that_the_read_saw_spares_the_socket_however_late_it_is_applied() -> None:
    cores = Cores()
    later, earlier = (
        cores.admitted(1, saw=saw(up_to=50)),
        cores.admitted(1, saw=saw(up_to=50, except_for=[50])),
    )
    assert cores.apply(close(TargetKind.ACCOUNT, str(number(1)), transaction=50)) == 1
    assert later.closing is None
    assert earlier.closing is not None


def test_what_names_no_transaction_spares_nobody() -> None:
    cores = Cores()
    cores.admitted(1, saw=saw(up_to=1_000))
    assert cores.apply(close(TargetKind.SESSION, hash_of(1), transaction=None)) == 1


def test_a_dead_credential_replaces_the_word_to_come_back_until_the_peer_is_told_and_counts_nothing() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.apply(close(TargetKind.ACCOUNT, str(number(1)), invalidates=frozenset(), revocation=1))
    assert cores.apply(close(TargetKind.SESSION, hash_of(1), revocation=2)) == 0
    assert socket.closing is not None
    assert socket.closing.code is CloseCode.REVOKED
    assert socket.revocation_id == RevocationId(number(1))
    assert len(cores.shut) == 1


def test_what_the_peer_has_been_told_does_not_change() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.apply(close(TargetKind.ACCOUNT, str(number(1)), invalidates=frozenset()))
    socket.has_begun_to_close = True
    cores.apply(close(TargetKind.SESSION, hash_of(1)))
    assert socket.closing is not None
    assert socket.closing.code is CloseCode.RECONNECT


def test_the_word_to_come_back_never_replaces_that_a_credential_is_dead() -> None:
    cores = Cores()
    socket = cores.admitted(1)
    cores.apply(close(TargetKind.SESSION, hash_of(1)))
    shutting_down = closing_for_reason(Reason.NODE_SHUTTING_DOWN, SESSION)
    assert cores.registry.shut([socket], lambda _: shutting_down, via=Via.NODE) == 0
    assert socket.closing is not None
    assert socket.closing.code is CloseCode.REVOKED


def test_a_recheck_mutes_at_once_and_is_owed_from_its_poll_on() -> None:
    cores = Cores()
    cores.poll(saw(up_to=20), at=1.0)
    socket = cores.admitted(1, grant=5)
    cores.apply(recheck(TargetKind.GRANT, str(number(5))))
    assert socket.is_mute
    assert cores.registry.owing() == (socket,)
    assert cores.registry.owed_since == 2


def test_a_recheck_that_the_read_saw_mutes_nobody() -> None:
    cores = Cores()
    socket = cores.admitted(1, saw=saw(up_to=50))
    cores.apply(recheck(TargetKind.SESSION, hash_of(1)))
    assert not socket.is_mute
    assert cores.registry.owed_since is None


def test_a_recheck_never_closes_and_so_never_counts() -> None:
    cores = Cores()
    cores.admitted(1)
    assert cores.apply(recheck(TargetKind.SESSION, hash_of(1))) == 0
    assert cores.shut == []


def test_nobody_who_is_closing_or_pending_owes_a_read() -> None:
    cores = Cores()
    closing, pending = cores.admitted(1), cores.attach(entry(2))
    cores.registry.close_sockets_for_session(hash_of(1))
    cores.registry.owe_read([closing, pending, entry(3)])
    cores.apply(recheck(TargetKind.TABLE, "session"))
    assert cores.registry.owing() == ()


def test_closing_a_socket_that_owes_a_read_settles_what_it_owed() -> None:
    cores = Cores()
    cores.admitted(1)
    cores.apply(recheck(TargetKind.SESSION, hash_of(1)))
    cores.registry.close_sockets_for_session(hash_of(1))
    assert cores.registry.owed_since is None


def test_whoever_was_verified_before_an_epoch_is_mute_and_holds_receipts_back() -> None:
    cores = Cores()
    old, new = cores.admitted(1), cores.admitted(2)
    new.epoch = cores.currency.epoch + 1
    cores.registry.mute_before_epoch(new.epoch, generation=4)
    assert (old.is_mute, new.is_mute) == (True, False)
    assert cores.registry.owed_since == 4


def test_after_everybody_has_left_nothing_is_kept() -> None:
    cores = Cores()
    sockets = [
        cores.admitted(1),
        cores.admitted(1),
        cores.admitted(2, kind=API_TOKEN),
        cores.admitted(3, kind=DAEMON),
        cores.admitted(4, grant=5),
        cores.attach(entry(6)),
    ]
    cores.apply(recheck(TargetKind.TABLE, "session"))
    cores.registry.close_sockets_for_account(str(number(1)))
    for socket in (*sockets, *sockets):
        cores.registry.detach(socket)
    registry = cores.registry
    assert (len(registry), registry.index_size, registry.pending_count, len(registry.recent)) == (0, 0, 0, 0)
    assert registry.owing() == ()


def test_the_closers_cause_reaches_whoever_is_told() -> None:
    cores = Cores()
    seen: list[Cause | None] = []
    cores.registry._on_shut = lambda _, cause, __: seen.append(cause)
    cores.admitted(1)
    cause = Cause(reason=Reason.LOGGED_OUT, invalidates=frozenset())
    cores.registry.close_sockets_for_session(hash_of(1), cause=cause)
    assert seen == [cause]


def test_an_unknown_target_closes_nobody() -> None:
    cores = Cores()
    cores.admitted(1)
    cause = Cause(reason=Reason.REVOKED, invalidates=frozenset())
    unknown = Closure(action=Action.CLOSE, target=Target(TargetKind.GRANT, str(number(77))), cause=cause)
    assert cores.apply(unknown) == 0
