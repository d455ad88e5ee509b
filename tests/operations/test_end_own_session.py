"""Ending one of one's own sessions: ownership, once however often."""

import threading

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.config import Settings
from app.data.engine import Database
from app.data.rows import run
from app.data.session_rows import SessionRow, find_session_of
from app.data.single_ends import request_session_end
from app.domain.errors import NotFound
from app.domain.ids import SessionId
from app.domain.revocation_request import Requested
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session, end_own_session_at_once
from app.operations.identify import identify
from app.operations.perform import perform
from app.operations.request_logout import request_logout
from benchmarks.stacks.round_trips import round_trips_of
from tests.builders import ADDRESS, Builders
from tests.closure_rows import closures
from tests.lock_waits import wait_until_somebody_waits_for_a_lock
from tests.operations.performing import RecordingPublisher
from tests.operations.revocation_rows import revocation, revocations


def test_the_request_is_durable_and_nothing_has_ended_yet(make: Builders, db: Connection) -> None:
    session = make.session()
    requested = end_own_session(db, caller=session.caller, session_id=session.session_id)
    assert requested.is_new
    row = revocation(db, requested)
    assert row["target_id"] == session.session_id
    assert row["account_id"] == row["requested_by"] == session.account_id
    assert (row["kind"], row["reason"], row["source"]) == ("session_revoke", "session_revoked", "request")
    assert (row["requested_from"], row["credential_type"], row["performed_at"]) == (ADDRESS, "session", None)
    assert closures(db) == []


def test_a_foreign_and_an_unknown_id_get_the_same_answer_and_leave_nothing(
    make: Builders, db: Connection
) -> None:
    """B13."""
    mine, foreign = make.session(), make.session()
    for session_id in (foreign.session_id, SessionId(uuid7())):
        with pytest.raises(NotFound) as refused:
            end_own_session(db, caller=mine.caller, session_id=session_id)
        assert refused.value.what == "session"
    assert revocations(db) == 0
    assert closures(db) == []


def test_ending_it_again_while_it_is_pending_is_the_same_revocation(make: Builders, db: Connection) -> None:
    session = make.session()
    first = end_own_session(db, caller=session.caller, session_id=session.session_id)
    again = end_own_session(db, caller=session.caller, session_id=session.session_id)
    assert again.revocation_id == first.revocation_id
    assert not again.is_new


def test_ending_it_again_after_it_ended_gives_the_receipt_of_what_ended_it(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    session, mine = make.session(account), make.session(account)
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=session.session_id)
    before = closures(db)
    again = end_own_session(db, caller=mine.caller, session_id=session.session_id)
    assert not again.is_new
    assert revocation(db, again)["source"] == "direct"
    assert closures(db) == before


def test_a_session_that_a_stamp_has_ended_has_the_receipt_of_the_stamp(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    session, mine = make.session(account), make.session(account)
    all_of_them = end_all_own_sessions(db, caller=mine.caller, except_current=False)
    again = end_own_session(db, caller=mine.caller, session_id=session.session_id)
    assert again == Requested(revocation_id=all_of_them.revocation_id, is_new=False)


def test_an_end_without_a_receipt_gets_one_that_has_nothing_to_tell(make: Builders, db: Connection) -> None:
    account = make.account()
    session, mine = make.session(account), make.session(account)
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=session.session_id)
    run(db, "DELETE FROM closure")
    run(db, "DELETE FROM revocation")
    again = end_own_session(db, caller=mine.caller, session_id=session.session_id)
    assert not again.is_new
    row = revocation(db, again)
    assert None not in (row["performed_at"], row["published_at"], row["audited_at"])
    assert row["sessions_ended"] == 0
    assert closures(db) == []
    assert end_own_session(db, caller=mine.caller, session_id=session.session_id) == again


def test_an_expired_session_can_still_be_ended_since_it_could_be_refreshed(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    session, mine = make.session(account), make.session(account)
    run(db, "UPDATE session SET expires_at = now() WHERE id = %(id)s", id=session.session_id)
    assert end_own_session(db, caller=mine.caller, session_id=session.session_id).is_new


def test_two_requests_at_once_are_one_revocation(make: Builders, database: Database) -> None:
    """B8: the second waits for the first, and finds it."""
    session = make.session()
    answers: list[Requested] = []

    def ask() -> None:
        with database.session() as other:
            answers.append(end_own_session(other, caller=session.caller, session_id=session.session_id))

    with database.session() as first:
        answers.append(end_own_session(first, caller=session.caller, session_id=session.session_id))
        second = threading.Thread(target=ask)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert len({answer.revocation_id for answer in answers}) == 1
    assert [answer.is_new for answer in answers] == [True, False]


def test_what_is_performed_between_two_looks_is_not_asked_for_again(
    make: Builders, database: Database, settings: Settings
) -> None:
    """B8: the lock keeps others from asking, not from performing."""
    session = make.session()
    asked = database.transact(end_own_session, caller=session.caller, session_id=session.session_id)
    looks: list[SessionRow | None] = []

    def find() -> SessionRow | None:
        found = find_session_of(db, session.session_id, owner=session.caller.account_id)
        looks.append(found)
        if len(looks) == 1:
            perform(database, RecordingPublisher(settings), asked.revocation_id)
        return found

    with database.session() as db:
        again = request_session_end(
            db, caller=session.caller, session_id=session.session_id, find=find, idempotency=None
        )
    assert [look.is_ended for look in looks if look] == [False]
    assert again == Requested(revocation_id=asked.revocation_id, is_new=False)


def test_who_asks_waits_twice_for_the_database(make: Builders, database: Database) -> None:
    """One read of the credential, and the request."""
    session = make.session()

    def ask() -> None:
        database.read(identify, token=session.token, address=ADDRESS)
        end_own_session_at_once(database, caller=session.caller, session_id=session.session_id)

    assert round_trips_of(database.engine, ask) == 2


def test_a_row_that_somebody_has_locked_does_not_hold_up_the_request(
    make: Builders, database: Database
) -> None:
    session = make.session()
    with database.session() as somebody, database.session() as db:
        run(somebody, "SELECT FROM session FOR UPDATE")
        run(db, "SET LOCAL lock_timeout = '100ms'")
        assert end_own_session(db, caller=session.caller, session_id=session.session_id).is_new


def test_a_logout_asks_for_the_end_of_the_own_session(make: Builders, db: Connection) -> None:
    session = make.session()
    row = revocation(db, request_logout(db, caller=session.caller))
    assert (row["kind"], row["reason"], row["target_id"]) == ("logout", "logged_out", session.session_id)
