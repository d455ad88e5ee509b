"""How many round trips a revocation takes, and what a look at one that stands somewhere says."""

import pytest
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.performing import Stood, end_or_look, finish
from app.domain.ids import RevocationId
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.request_logout import request_logout
from app.operations.revocation_event import event_of
from app.operations.revoke_own_api_token import revoke_own_api_token
from benchmarks.stacks.round_trips import round_trips_of
from tests.builders import Builders
from tests.operations.performing import NOT_TO_BE_PERFORMED, Facts

WAITING_FOR_THE_DISK = """
ALTER TABLE {table} ADD CONSTRAINT waits CHECK (current_setting('synchronous_commit') = 'on') NOT VALID
"""


@pytest.fixture
def facts(database: Database) -> Facts:
    return Facts(database)


@pytest.fixture(params=["session", "logout", "token"])
def revocation_id(request: pytest.FixtureRequest, database: Database, make: Builders) -> RevocationId:
    session = make.session()
    token = make.api_token(session)
    with database.session() as db:
        match request.param:
            case "session":
                asked = end_own_session(db, caller=session.caller, session_id=session.session_id)
            case "logout":
                asked = request_logout(db, caller=session.caller)
            case _:
                asked = revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id)
    return asked.revocation_id


def stood(database: Database, revocation_id: RevocationId) -> Stood | None:
    standing = end_or_look(database, revocation_id)
    return None if standing is None else standing.stood


def test_one_thing_ends_in_one_round_trip_and_is_finished_in_one(
    database: Database, revocation_id: RevocationId
) -> None:
    assert round_trips_of(database.engine, lambda: end_or_look(database, revocation_id)) == 1
    ended = end_or_look(database, revocation_id)
    assert ended is not None
    event = event_of(ended.revocation)
    assert event is not None
    assert (
        round_trips_of(
            database.engine, lambda: finish(database, revocation_id, is_published=True, event=event)
        )
        == 1
    )


def test_it_is_ended_once_then_performed_and_in_the_end_finished(
    database: Database, facts: Facts, revocation_id: RevocationId
) -> None:
    first, again = end_or_look(database, revocation_id), end_or_look(database, revocation_id)
    assert first is not None
    assert again is not None
    assert (first.stood, again.stood) == (Stood.ENDED, Stood.PERFORMED)
    assert first.announced == again.announced
    assert first.announced.closures
    assert (first.revocation.ended, again.revocation.ended) == (
        first.revocation.ended,
        first.revocation.ended,
    )

    finish(database, revocation_id, is_published=False, event=event_of(first.revocation))

    assert stood(database, revocation_id) is Stood.FINISHED
    assert facts.revocation(revocation_id)["published_at"] is None
    assert len(facts.successes(revocation_id)) == 1


def test_finishing_twice_appends_one_event_and_the_first_instants_stay(
    database: Database, facts: Facts, revocation_id: RevocationId
) -> None:
    ended = end_or_look(database, revocation_id)
    assert ended is not None
    finish(database, revocation_id, is_published=True, event=event_of(ended.revocation))
    before = facts.revocation(revocation_id)
    finish(database, revocation_id, is_published=True, event=event_of(ended.revocation))
    assert facts.revocation(revocation_id) == before
    assert len(facts.successes(revocation_id)) == 1


def test_the_event_waits_for_the_disk_as_the_end_does(
    database: Database, facts: Facts, revocation_id: RevocationId
) -> None:
    """Somebody may have read it: a crash must not take it back."""
    facts.run(WAITING_FOR_THE_DISK.format(table="revocation"))
    facts.run(WAITING_FOR_THE_DISK.format(table="audit_event"))
    ended = end_or_look(database, revocation_id)
    assert ended is not None
    finish(database, revocation_id, is_published=True, event=event_of(ended.revocation))
    assert len(facts.successes(revocation_id)) == 1


def test_what_fails_behind_the_change_has_changed_nothing(
    database: Database, facts: Facts, revocation_id: RevocationId
) -> None:
    facts.run(NOT_TO_BE_PERFORMED)
    with pytest.raises(IntegrityError):
        end_or_look(database, revocation_id)
    assert facts.closures() == []
    assert facts.value("SELECT count(*) FROM revocation_transaction") == 0
    facts.run("ALTER TABLE revocation DROP CONSTRAINT refuses")
    assert stood(database, revocation_id) is Stood.ENDED


def test_what_aims_at_more_than_one_thing_waits_with_what_its_stamp_has_said(
    database: Database, make: Builders
) -> None:
    session = make.session()
    with database.session() as db:
        asked = end_all_own_sessions(db, caller=session.caller, except_current=False)
    standing = end_or_look(database, asked.revocation_id)
    assert standing is not None
    assert standing.stood is Stood.WAITING
    assert [closure.target.key for closure in standing.announced.closures] == [str(session.account_id)]
    assert standing.revocation.performed_at is None


def test_there_is_nothing_to_say_of_one_that_nobody_has_asked_for(database: Database) -> None:
    assert end_or_look(database, RevocationId(uuid7())) is None
