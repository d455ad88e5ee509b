"""A key whose request an earlier revocation answered is a key that was used: it stands for that request from then on."""

import threading

import pytest
from sqlalchemy import Connection

from app.data.engine import Database
from app.data.rows import all_rows
from app.domain.errors import Conflict
from app.domain.revocation_request import Idempotency, Requested
from app.operations.end_own_session import end_own_session
from app.operations.suspend_account import suspend_account
from tests.builders import Builders
from tests.lock_waits import wait_until_somebody_waits_for_a_lock


def key(digest: str = "this request", name: str = "again") -> Idempotency:
    return Idempotency(key=name, request_digest=digest)


def answered(db: Connection) -> int:
    return len(all_rows(db, "SELECT revocation_id FROM answered_request"))


def test_the_key_of_a_request_that_was_pending_already_is_remembered(make: Builders, db: Connection):
    """B67."""
    session = make.session()
    first = end_own_session(db, caller=session.caller, session_id=session.session_id)
    second = end_own_session(db, caller=session.caller, session_id=session.session_id, idempotency=key())
    again = end_own_session(db, caller=session.caller, session_id=session.session_id, idempotency=key())
    assert second == again == Requested(revocation_id=first.revocation_id, is_new=False)
    assert answered(db) == 1


def test_that_key_with_another_request_is_refused(make: Builders, db: Connection):
    account = make.account()
    one, other = make.session(account), make.session(account)
    end_own_session(db, caller=one.caller, session_id=one.session_id)
    end_own_session(db, caller=one.caller, session_id=one.session_id, idempotency=key("one"))
    with pytest.raises(Conflict) as refused:
        end_own_session(db, caller=one.caller, session_id=other.session_id, idempotency=key("other"))
    assert refused.value.rule == "idempotency_key_reused"


def test_the_key_of_a_request_for_what_is_over_is_remembered(make: Builders, db: Connection):
    admin = make.session(make.account(is_global_admin=True))
    account = make.account()
    first = suspend_account(db, caller=admin.caller, account_id=account.account_id)
    second = suspend_account(db, caller=admin.caller, account_id=account.account_id, idempotency=key())
    assert second == Requested(revocation_id=first.revocation_id, is_new=False)
    assert answered(db) == 1
    with pytest.raises(Conflict):
        suspend_account(db, caller=admin.caller, account_id=account.account_id, idempotency=key("else"))


def test_one_key_for_an_answered_and_a_new_request_at_the_same_moment_is_one_answer_and_one_refusal(
    make: Builders, database: Database
):
    """B67."""
    account = make.account()
    one, other = make.session(account), make.session(account)
    refusals: list[str] = []

    def ask_for_the_other() -> None:
        try:
            with database.session() as db:
                end_own_session(db, caller=one.caller, session_id=other.session_id, idempotency=key("other"))
        except Conflict as refused:
            refusals.append(refused.rule)

    with database.session() as before:
        end_own_session(before, caller=one.caller, session_id=one.session_id)
    with database.session() as first:
        end_own_session(first, caller=one.caller, session_id=one.session_id, idempotency=key("one"))
        second = threading.Thread(target=ask_for_the_other)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert refusals == ["idempotency_key_reused"]


def test_without_a_key_nothing_is_remembered(make: Builders, db: Connection):
    session = make.session()
    for _ in range(2):
        end_own_session(db, caller=session.caller, session_id=session.session_id)
    assert answered(db) == 0
