from structlog.testing import capture_logs

from app.domain.targets import Action, TargetKind
from app.fanout.close_now import Outcome, close_now
from tests.fanout.closures import closure_of, hash_number, id_number
from tests.fanout.listening import Recorder

SESSION = closure_of(TargetKind.SESSION, hash_number(1))
TOKEN = closure_of(TargetKind.TOKEN, id_number(2))
ACCOUNT = closure_of(TargetKind.ACCOUNT, id_number(3))
RECONNECT = closure_of(TargetKind.ACCOUNT, id_number(4), invalidates=frozenset())


def test_each_kind_is_closed_by_its_method_and_twice_is_once() -> None:
    """B267."""
    closer = Recorder()
    assert close_now([SESSION, TOKEN, ACCOUNT], closer) == Outcome(closed=3, failures=0, left_to_the_log=0)
    assert close_now([SESSION, TOKEN, ACCOUNT], closer) == Outcome(closed=0, failures=0, left_to_the_log=0)
    assert closer.closed == {("session", hash_number(1)), ("token", id_number(2)), ("account", id_number(3))}


def test_revoked_comes_before_reconnect() -> None:
    closer = Recorder()
    close_now([RECONNECT, ACCOUNT, TOKEN], closer)
    assert [key for _, key, _ in closer.calls] == [id_number(2), id_number(3), id_number(4)]


def test_what_needs_a_read_is_left_to_the_tail() -> None:
    closer = Recorder()
    recheck = closure_of(TargetKind.ACCOUNT, id_number(3), action=Action.RECHECK)
    grant = closure_of(TargetKind.GRANT, id_number(1))
    assert close_now([recheck, grant], closer) == Outcome(closed=0, failures=0, left_to_the_log=2)
    assert closer.calls == []


def test_one_that_raises_spares_nobody_else_and_all_is_logged_once() -> None:
    closer = Recorder(raises_for=frozenset({hash_number(1), id_number(2)}))
    with capture_logs() as logs:
        assert close_now([SESSION, TOKEN, ACCOUNT], closer) == Outcome(
            closed=1, failures=2, left_to_the_log=0
        )
    assert [log["event"] for log in logs] == ["close_failed"]
