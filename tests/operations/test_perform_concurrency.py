"""Performers at once, and in each other's way."""

import threading

import psycopg

from app.config import Settings
from app.data.engine import Database
from app.domain.ids import RevocationId
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.perform import Performed, perform
from tests.builders import Builders, MadeSession
from tests.operations.performing import Facts, InThread, RecordingPublisher
from tests.waiting import eventually

PERFORMERS = 4


def end_of(database: Database, session: MadeSession) -> RevocationId:
    with database.session() as db:
        return end_own_session(db, caller=session.caller, session_id=session.session_id).revocation_id


def test_of_four_concurrent_performers_exactly_one_ends_it(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    """B72."""
    revocation_id = end_of(database, make.session())
    together = threading.Barrier(PERFORMERS)

    def perform_together() -> Performed | None:
        together.wait()
        return perform(database, publisher, revocation_id)

    outcomes = [performing.result() for performing in [InThread(perform_together) for _ in range(PERFORMERS)]]

    assert sum(outcome.has_ended_now for outcome in outcomes) == 1
    assert len(facts.closures()) == 1
    assert len(facts.successes(revocation_id)) == 1
    assert (
        facts.value(
            "SELECT count(*) FROM revocation_transaction WHERE revocation_id = %(id)s", id=revocation_id
        )
        == 1
    )


def test_a_performer_that_waits_for_another_leaves_the_rest_to_it(
    database: Database, database_url: str, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    revocation_id = end_of(database, make.session())
    with psycopg.connect(database_url) as other:
        other.execute("UPDATE revocation SET performed_at = now()")
        performing = InThread(lambda: perform(database, publisher, revocation_id))
        eventually(lambda: facts.waiting_for_locks() == 1)
        other.commit()

        assert performing.result() == Performed(has_ended_now=False, is_published=False, is_audited=False)
    assert publisher.messages == []


def test_a_performer_that_finds_the_row_locked_for_long_gives_up_quietly(
    database: Database, database_url: str, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    revocation_id = end_of(database, make.session())
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM revocation FOR UPDATE")
        assert perform(database, publisher, revocation_id) is None
        assert facts.closures() == []

    assert perform(database, publisher, revocation_id) == Performed(
        has_ended_now=True, is_published=True, is_audited=True
    )


def test_a_locked_credential_is_waited_for_never_skipped(
    database: Database, database_url: str, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    revocation_id = end_of(database, make.session())
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM session FOR UPDATE")
        performing = InThread(lambda: perform(database, publisher, revocation_id))
        eventually(lambda: facts.waiting_for_locks() == 1)
        assert publisher.messages == []
        other.rollback()
        assert performing.result().has_ended_now

    assert len(facts.closures()) == 1


def test_a_credential_that_stays_locked_gives_the_revocation_back_whole(
    database: Database, database_url: str, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    revocation_id = end_of(database, make.session())
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM session FOR UPDATE")
        assert perform(database, publisher, revocation_id) is None

    row = facts.revocation(revocation_id)
    assert (row["performed_at"], row["audited_at"], facts.closures()) == (None, None, [])
    assert facts.value("SELECT count(*) FROM revocation_transaction") == 0


def test_the_loser_of_a_deadlock_is_retried_and_nothing_is_half_done(
    settings: Settings, database_url: str, facts: Facts, make: Builders
):
    """The performer takes the sessions in the order of their ids; the hand with SQL takes them the other way. B62."""
    account = make.account()
    first, second = sorted(
        [make.session(account), make.session(account)], key=lambda session: session.session_id
    )
    patient = Database(
        settings.model_copy(update={"lock_timeout": settings.statement_timeout}), application_name="patient"
    )
    publisher = RecordingPublisher(settings)
    with patient.session() as db:
        revocation_id = end_all_own_sessions(db, caller=first.caller, except_current=False).revocation_id
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = facts.value(deadlocks)  # other tests have used this database

    with psycopg.connect(database_url) as other:
        other.execute("SET deadlock_timeout = '60s'")
        other.execute("SELECT FROM session WHERE id = %s FOR UPDATE", [second.session_id])
        performing = InThread(lambda: perform(patient, publisher, revocation_id))
        eventually(lambda: facts.waiting_for_locks() == 1)
        other.execute("UPDATE session SET device = 'by hand' WHERE id = %s", [first.session_id])
        assert performing.is_running, "the performer has lost, and tries again"
        other.commit()
        assert performing.result().has_ended_now
    patient.dispose()

    eventually(lambda: facts.value(deadlocks) > before)
    assert facts.value("SELECT count(*) FROM session WHERE terminated_at IS NOT NULL") == 2
    assert facts.value("SELECT count(*) FROM closure WHERE target_kind = 'session'") == 2
    assert facts.revocation(revocation_id)["sessions_ended"] == 2
    assert len(facts.successes(revocation_id)) == 1
