"""Sessions end with their refresh chains, once."""

from sqlalchemy import Connection

from app.data.rows import all_rows, one_row, run
from app.data.session_repository import SessionRepository
from app.domain.closing import Reason
from tests.builders import Builders


def test_terminating_all_counts_those_that_ended_now(make: Builders, db: Connection) -> None:
    """B24."""
    account = make.account()
    sessions = [make.session(account) for _ in range(4)]
    repository = SessionRepository(db)
    assert repository.terminate_session(sessions[0].session_id)
    assert not repository.terminate_session(sessions[0].session_id)
    ended = repository.terminate_all_sessions_by_user(
        account.account_id, reason=Reason.ALL_SESSIONS_REVOKED, sparing=sessions[1].session_id
    )
    assert ended == 2
    assert repository.terminate_all_sessions_by_user(account.account_id) == 1
    assert repository.terminate_all_sessions_by_user(account.account_id) == 0


def test_a_later_sign_in_survives_a_sweep_up_to_an_instant(make: Builders, db: Connection) -> None:
    account = make.account()
    before = make.session(account)
    row = one_row(db, "SELECT last_instant FROM account WHERE id = %(id)s", id=account.account_id)
    assert row is not None
    db.commit()
    after = make.session(account)
    ended = SessionRepository(db).terminate_all_sessions_by_user(
        account.account_id, issued_up_to=row["last_instant"]
    )
    assert ended == 1
    alive = all_rows(db, "SELECT id FROM session WHERE terminated_at IS NULL")
    assert [row["id"] for row in alive] == [after.session_id]
    assert before.session_id != after.session_id


def test_ended_sessions_take_their_refresh_chains_with_them_in_one_transaction(
    make: Builders, db: Connection
) -> None:
    """B24, B221."""
    account = make.account()
    one, _other = make.session(account), make.session(account)
    repository = SessionRepository(db)
    repository.terminate_session(one.session_id)
    repository.terminate_all_sessions_by_user(account.account_id)
    assert all_rows(db, "SELECT FROM refresh_token WHERE invalidated_at IS NULL") == []
    db.rollback()
    assert all_rows(db, "SELECT FROM refresh_token WHERE invalidated_at IS NOT NULL") == []


def test_five_thousand_sessions_end_in_one_statement(make: Builders, db: Connection) -> None:
    account = make.account()
    make.many_sessions(account, 5_000)
    run(db, "SET LOCAL statement_timeout = '30s'")
    assert SessionRepository(db).terminate_all_sessions_by_user(account.account_id) == 5_000
