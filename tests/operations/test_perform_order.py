"""Commit, publish, audit: in this order, each resumed where it was left, and none of them holding up the one before."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Never

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from app.config import Settings
from app.data.engine import Database
from app.domain.errors import Unavailable
from app.domain.ids import RevocationId
from app.domain.targets import Closure
from app.operations import perform as performing_module
from app.operations.end_own_session import end_own_session
from app.operations.perform import Performed, perform
from tests.builders import Builders, MadeSession
from tests.operations.performing import NOT_TO_BE_PERFORMED, Facts, InThread, Killed, RecordingPublisher
from tests.waiting import eventually

UNAUDITED = Performed(has_ended_now=True, is_published=True, is_audited=False)


@pytest.fixture
def session(make: Builders) -> MadeSession:
    return make.session()


@pytest.fixture
def revocation_id(database: Database, session: MadeSession) -> RevocationId:
    with database.session() as db:
        return end_own_session(db, caller=session.caller, session_id=session.session_id).revocation_id


@pytest.fixture
def performer(settings: Settings) -> Iterator[Database]:
    """Connections that can be told from the test's own."""
    database = Database(settings, application_name="performer")
    yield database
    database.dispose()


@contextmanager
def psql(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        yield connection


def test_at_publishing_another_connection_sees_the_end_and_no_transaction_is_open(
    performer: Database, settings: Settings, facts: Facts, revocation_id: RevocationId
):
    """B53."""
    seen: list[object] = []

    def look(_: Sequence[Closure]) -> None:
        seen.append(facts.value("SELECT terminated_at IS NOT NULL FROM session"))
        seen.append(
            facts.value(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'performer' AND xact_start IS NOT NULL"
            )
        )
        seen.append(facts.value("SELECT count(*) FROM audit_event WHERE revocation_id IS NOT NULL"))

    perform(performer, RecordingPublisher(settings, before=look), revocation_id)

    assert seen == [True, 0, 0]
    assert len(facts.successes(revocation_id)) == 1


def test_while_the_commit_is_held_back_nothing_is_published(
    database: Database,
    database_url: str,
    publisher: RecordingPublisher,
    facts: Facts,
    revocation_id: RevocationId,
):
    """A deferred trigger waits, inside COMMIT, for a lock that somebody else holds. B50."""
    facts.run("CREATE TABLE brake (held boolean)")
    facts.run(
        """
        CREATE FUNCTION brake() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN LOCK TABLE brake IN SHARE MODE; RETURN NULL; END $$
        """
    )
    facts.run(
        "CREATE CONSTRAINT TRIGGER brake AFTER UPDATE ON session DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION brake()"
    )
    with psql(database_url) as other:
        other.execute("LOCK TABLE brake IN ACCESS EXCLUSIVE MODE")
        performing = InThread(lambda: perform(database, publisher, revocation_id))
        eventually(lambda: facts.waiting_for_locks() == 1)
        assert publisher.messages == []
        assert facts.closures() == []
        other.rollback()

        assert performing.result() is not None
    assert len(publisher.messages) == 1


def test_a_commit_that_fails_publishes_nothing_and_the_retried_transaction_publishes_once(
    database: Database, publisher: RecordingPublisher, facts: Facts, revocation_id: RevocationId
):
    """B52."""
    facts.run("CREATE SEQUENCE attempts")
    facts.run(
        """
        CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('attempts') = 1 THEN RAISE 'not serializable' USING ERRCODE = 'serialization_failure'; END IF;
            RETURN NULL;
        END $$
        """
    )
    facts.run(
        "CREATE CONSTRAINT TRIGGER fail_once AFTER UPDATE ON session DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_once()"
    )

    perform(database, publisher, revocation_id)

    assert facts.value("SELECT last_value FROM attempts") == 2
    assert len(publisher.messages) == 1
    assert len(facts.closures()) == 1
    assert len(facts.successes(revocation_id)) == 1


def test_what_fails_before_the_commit_leaves_the_row_alive_and_says_nothing(
    database: Database, publisher: RecordingPublisher, facts: Facts, revocation_id: RevocationId
):
    facts.run(NOT_TO_BE_PERFORMED)
    with pytest.raises(IntegrityError):
        perform(database, publisher, revocation_id)

    assert facts.value("SELECT count(*) FROM session WHERE terminated_at IS NULL") == 1
    assert (facts.closures(), publisher.messages) == ([], [])

    facts.run("ALTER TABLE revocation DROP CONSTRAINT refuses")
    perform(database, publisher, revocation_id)
    assert len(facts.closures()) == 1


def test_a_performer_killed_between_commit_and_publish_is_resumed_at_publishing(
    database: Database,
    settings: Settings,
    publisher: RecordingPublisher,
    facts: Facts,
    revocation_id: RevocationId,
):
    """B58."""

    def die(_: Sequence[Closure]) -> None:
        raise Killed

    with pytest.raises(Killed):
        perform(database, RecordingPublisher(settings, before=die), revocation_id)
    assert facts.revocation(revocation_id)["performed_at"] is not None
    assert facts.successes(revocation_id) == []

    resumed = perform(database, publisher, revocation_id)

    assert resumed == Performed(has_ended_now=False, is_published=True, is_audited=True)
    assert len(publisher.messages) == 1
    assert len(facts.closures()) == 1
    assert len(facts.successes(revocation_id)) == 1


def test_when_the_acknowledgement_of_the_commit_is_lost_the_retry_finds_the_end_done_and_audits_once(
    settings: Settings,
    database: Database,
    publisher: RecordingPublisher,
    facts: Facts,
    revocation_id: RevocationId,
):
    """B57."""

    class LosesAcknowledgements(Database):
        def alone(self, sql: str, **parameters: Any) -> Never:
            super().alone(sql, **parameters)
            raise Unavailable("database")

    losing = LosesAcknowledgements(settings, application_name="losing")
    with pytest.raises(Unavailable):
        perform(losing, publisher, revocation_id)
    losing.dispose()

    perform(database, publisher, revocation_id)

    assert len(facts.closures()) == 1
    assert len(publisher.messages) == 1
    assert len(facts.successes(revocation_id)) == 1


def test_when_redis_does_not_take_it_the_event_is_written_and_the_end_stands(
    database: Database, settings: Settings, facts: Facts, revocation_id: RevocationId
):
    """B60."""
    publisher = RecordingPublisher(settings, takes=False)

    performed = perform(database, publisher, revocation_id)

    assert performed == Performed(has_ended_now=True, is_published=False, is_audited=True)
    assert len(facts.successes(revocation_id)) == 1
    assert facts.revocation(revocation_id)["published_at"] is None


def test_an_audit_insert_that_fails_undoes_nothing_is_logged_and_is_resumed(
    database: Database, publisher: RecordingPublisher, facts: Facts, revocation_id: RevocationId
):
    """B56."""
    facts.run("ALTER TABLE audit_event ADD CONSTRAINT refuses CHECK (false) NOT VALID")
    failures = performing_module.AUDIT_FAILURES._value.get()

    with capture_logs() as logs:
        assert perform(database, publisher, revocation_id) == UNAUDITED

    assert len(publisher.messages) == 1
    assert facts.value("SELECT terminated_at IS NOT NULL FROM session")
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["audit_failed"]
    assert performing_module.AUDIT_FAILURES._value.get() == failures + 1

    facts.run("ALTER TABLE audit_event DROP CONSTRAINT refuses")
    resumed = perform(database, publisher, revocation_id)
    assert resumed == Performed(has_ended_now=False, is_published=True, is_audited=True)
    assert len(publisher.messages) == 1
    assert len(facts.successes(revocation_id)) == 1


def test_an_audit_insert_that_is_blocked_holds_up_neither_the_end_nor_the_message(
    database: Database,
    database_url: str,
    publisher: RecordingPublisher,
    facts: Facts,
    revocation_id: RevocationId,
):
    """B55."""
    with psql(database_url) as other:
        other.execute("LOCK TABLE audit_event")
        performing = InThread(lambda: perform(database, publisher, revocation_id))
        eventually(lambda: len(publisher.messages) == 1)
        assert performing.is_running
        assert facts.value("SELECT terminated_at IS NOT NULL FROM session")

        assert performing.result(within_s=10) == UNAUDITED, "after the lock time-out"

    perform(database, publisher, revocation_id)
    assert len(facts.successes(revocation_id)) == 1
