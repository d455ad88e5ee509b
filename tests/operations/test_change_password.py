"""A changed password ends what was open with the old one."""

import threading

import pytest
from sqlalchemy import Connection

from app.data.engine import Database
from app.data.rows import all_rows, one_row
from app.data.session_repository import SessionRepository
from app.domain.errors import Unauthenticated
from app.operations.change_password import change_password
from app.operations.identify import identify
from tests.builders import ADDRESS, PASSWORD_HASH, Builders
from tests.lock_waits import wait_until_somebody_waits_for_a_lock
from tests.operations.revocation_rows import revocations


def test_a_changed_password_ends_sessions_and_tokens_in_one_closure(make: Builders, db: Connection) -> None:
    session = make.session()
    token = make.api_token(session)
    change_password(db, caller=session.caller, verified_hash=PASSWORD_HASH, new_hash="new")
    for dead_token in (session.token, token.token):
        with pytest.raises(Unauthenticated) as dead:
            identify(db, token=dead_token, address=ADDRESS)
        assert dead.value.reason == "password_changed"
    rows = all_rows(db, "SELECT reason, invalidates FROM closure")
    assert [(row["reason"], row["invalidates"]) for row in rows] == [
        ("password_changed", ["session", "api_token"])
    ]


def test_hash_and_request_commit_together_or_not_at_all(make: Builders, db: Connection) -> None:
    """B33."""
    session = make.session()
    change_password(db, caller=session.caller, verified_hash=PASSWORD_HASH, new_hash="new")
    db.rollback()
    assert one_row(db, "SELECT password_hash, sessions_ended_at FROM account") == {
        "password_hash": PASSWORD_HASH,
        "sessions_ended_at": None,
    }
    assert revocations(db) == 0


def test_of_two_password_changes_at_once_one_wins_and_the_other_ends_nothing(
    make: Builders, database: Database
) -> None:
    """B35."""
    account = make.account()
    winner, loser = make.session(account), make.session(account)
    refusals: list[str] = []

    def change_too() -> None:
        try:
            with database.session() as other:
                change_password(other, caller=loser.caller, verified_hash=PASSWORD_HASH, new_hash="theirs")
        except Unauthenticated as refused:
            refusals.append(refused.reason)

    with database.session() as first:
        change_password(first, caller=winner.caller, verified_hash=PASSWORD_HASH, new_hash="mine")
        second = threading.Thread(target=change_too)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert refusals == ["concurrent_change"]
    with database.session() as db:
        assert one_row(db, "SELECT password_hash FROM account") == {"password_hash": "mine"}
        assert revocations(db) == 1


def test_a_session_that_has_ended_changes_no_password(make: Builders, db: Connection) -> None:
    session = make.session()
    SessionRepository(db).terminate_session(session.session_id)
    with pytest.raises(Unauthenticated):
        change_password(db, caller=session.caller, verified_hash=PASSWORD_HASH, new_hash="new")
