"""Revocations that nobody finished are offered again, once an interval."""

from datetime import timedelta

import psycopg
import pytest

from app.config import Settings
from app.data.engine import Database
from app.domain.ids import RevocationId
from app.operations.end_own_session import end_own_session
from app.operations.perform import perform
from app.operations.resume_revocations import resume_revocations
from tests.builders import Builders
from tests.operations.performing import Facts, InThread, Killed, RecordingPublisher

WITHIN = timedelta(seconds=2)


@pytest.fixture
def revocation_id(database: Database, make: Builders) -> RevocationId:
    session = make.session()
    with database.session() as db:
        return end_own_session(db, caller=session.caller, session_id=session.session_id).revocation_id


def resume(database: Database) -> tuple[RevocationId, ...]:
    with database.session() as db:
        return resume_revocations(db, perform_within=WITHIN)


def let_time_pass(facts: Facts, by: timedelta) -> None:
    facts.run(
        """
        UPDATE revocation SET requested_at = requested_at - %(by)s::interval, performed_at = performed_at - %(by)s::interval,
                              resumed_at = resumed_at - %(by)s::interval
        """,
        by=by,
    )


def test_one_that_nobody_performed_in_time_is_offered_once_an_interval(
    database: Database, facts: Facts, revocation_id: RevocationId
):
    """B246."""
    assert resume(database) == ()
    let_time_pass(facts, WITHIN)
    assert resume(database) == (revocation_id,)
    assert resume(database) == (), "another beat's sweep, a moment later"
    let_time_pass(facts, timedelta(seconds=5))
    assert resume(database) == (revocation_id,)


def test_of_several_sweeps_at_once_one_gets_it(database: Database, facts: Facts, revocation_id: RevocationId):
    let_time_pass(facts, WITHIN)
    sweeps = [InThread(lambda: resume(database)) for _ in range(4)]
    assert [revocation for each in sweeps for revocation in each.result()] == [revocation_id]


def test_one_that_a_performer_has_in_hand_is_left_to_it(
    database: Database, database_url: str, facts: Facts, revocation_id: RevocationId
):
    let_time_pass(facts, WITHIN)
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM revocation FOR NO KEY UPDATE")
        assert resume(database) == ()
    assert resume(database) == (revocation_id,)


def test_one_whose_performer_died_before_it_told_is_offered_until_it_is_finished(
    database: Database, settings: Settings, facts: Facts, revocation_id: RevocationId
):
    """B58."""

    def die(_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        perform(database, RecordingPublisher(settings, before=die), revocation_id)
    assert resume(database) == (), "its performer may still be at it"
    let_time_pass(facts, timedelta(seconds=5))
    assert resume(database) == (revocation_id,)

    perform(database, RecordingPublisher(settings), revocation_id)
    let_time_pass(facts, timedelta(hours=1))
    assert resume(database) == ()


def test_what_ended_by_sql_or_by_the_clock_is_nothing_to_resume(
    database: Database, facts: Facts, make: Builders
):
    make.session()
    facts.run("UPDATE session SET terminated_at = now()")
    let_time_pass(facts, timedelta(hours=1))
    assert resume(database) == ()
