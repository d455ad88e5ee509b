"""What the clock has ended is recorded once, however many sweeps run."""

from datetime import timedelta

import psycopg
import pytest

from app.data.engine import Database
from app.domain.ids import RevocationId
from app.operations.expire_credentials import expire_credentials
from app.operations.read_receipt import read_receipt_as_operator
from tests.builders import Builders
from tests.operations.performing import Facts, InThread

HOUR = timedelta(hours=1)


def sweep(database: Database) -> int:
    with database.session() as db:
        return expire_credentials(db)


def let_sessions_pass(facts: Facts, by: timedelta = HOUR) -> None:
    """Time is an argument: every session's absolute end is moved to `by` before now."""
    facts.run(
        "UPDATE session SET expires_at = now() - %(by)s::interval, absolute_expires_at = now() - %(by)s::interval",
        by=by,
    )
    facts.run("TRUNCATE closure")


def test_a_session_past_its_absolute_end_gets_one_end_one_event_one_receipt(
    database: Database, facts: Facts, make: Builders
):
    """B86, B210."""
    session = make.session()
    let_sessions_pass(facts)

    assert (sweep(database), sweep(database)) == (1, 0)

    assert facts.closures() == [("close", "session", "session_expired")]
    (revocation,) = facts.rows("SELECT * FROM revocation")
    assert (revocation["source"], revocation["kind"]) == ("expiry", "session_expire")
    assert (revocation["target_id"], revocation["account_id"]) == (session.session_id, session.account_id)
    (event,) = facts.successes(RevocationId(revocation["id"]))
    assert (event["type"], event["session_id"]) == ("session_expire", str(session.session_id))
    assert facts.value("SELECT count(*) FROM refresh_token WHERE invalidated_at IS NULL") == 0
    with database.session() as db:
        receipt = read_receipt_as_operator(db, RevocationId(revocation["id"]))
    assert (receipt.is_confirmed, receipt.sessions_ended, receipt.source) == (True, 1, "expiry")


def test_an_api_token_past_its_end_likewise(database: Database, facts: Facts, make: Builders):
    token = make.api_token(lifetime=HOUR)
    facts.run("UPDATE api_token SET expires_at = now() - interval '1 s'")
    facts.run("TRUNCATE closure")

    assert (sweep(database), sweep(database)) == (1, 0)

    assert facts.closures() == [("close", "token", "token_expired")]
    (event,) = facts.rows("SELECT * FROM audit_event WHERE revocation_id IS NOT NULL")
    assert (event["type"], event["api_token_id"]) == ("token_expire", str(token.api_token_id))


def test_what_has_not_ended_or_can_still_be_refreshed_is_left_alone(
    database: Database, facts: Facts, make: Builders
):
    make.api_token(make.session())
    make.api_token(lifetime=HOUR)
    facts.run("UPDATE session SET expires_at = now() - interval '1 s'")

    assert sweep(database) == 0
    assert facts.value("SELECT count(*) FROM session WHERE terminated_at IS NOT NULL") == 0


def test_only_what_is_overdue_is_taken_where_that_is_asked_for(
    database: Database, facts: Facts, make: Builders
):
    make.session()
    let_sessions_pass(facts)
    with database.session() as db:
        assert expire_credentials(db, overdue_by=HOUR * 2) == 0
        assert expire_credentials(db, overdue_by=HOUR / 2) == 1


def test_several_of_one_account_share_a_receipt_and_each_has_its_event(
    database: Database, facts: Facts, make: Builders
):
    account = make.account()
    sessions = {str(make.session(account).session_id) for _ in range(3)}
    let_sessions_pass(facts)

    assert sweep(database) == 3

    (revocation,) = facts.rows("SELECT * FROM revocation")
    assert (revocation["target_id"], revocation["sessions_ended"]) == (account.account_id, 3)
    events = facts.rows("SELECT * FROM audit_event WHERE type = 'session_expire'")
    assert {event["session_id"] for event in events} == sessions
    assert {event["metadata"]["revocation_id"] for event in events} == {str(revocation["id"])}
    assert len(facts.successes(RevocationId(revocation["id"]))) == 1


def test_two_sweeps_at_once_take_each_row_once(
    database: Database, database_url: str, facts: Facts, make: Builders
):
    """B212."""
    first, second = make.session(), make.session()
    let_sessions_pass(facts)
    with psycopg.connect(database_url) as other_sweep:
        other_sweep.execute(
            "SELECT FROM session WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED", [first.session_id]
        )
        assert sweep(database) == 1
    ended = facts.rows("SELECT id FROM session WHERE terminated_at IS NOT NULL")
    assert [row["id"] for row in ended] == [second.session_id]

    sweeps = [InThread(lambda: sweep(database)) for _ in range(3)]
    assert sum(each.result() for each in sweeps) == 1
    assert facts.value("SELECT count(*) FROM closure") == 2


def test_a_sweep_that_is_killed_gives_its_rows_to_the_next(
    database: Database, database_url: str, facts: Facts, make: Builders
):
    """B243."""
    make.session()
    let_sessions_pass(facts)
    connection = psycopg.connect(database_url)
    connection.execute("SELECT FROM session FOR NO KEY UPDATE SKIP LOCKED")
    assert sweep(database) == 0
    facts.run("SELECT pg_terminate_backend(%(pid)s, 2000)", pid=connection.info.backend_pid)
    connection.close()

    assert sweep(database) == 1


def test_a_failed_pass_changes_nothing_and_is_repeated_by_the_next(
    database: Database, facts: Facts, make: Builders
):
    """B212."""
    make.session()
    let_sessions_pass(facts)
    facts.run("ALTER TABLE audit_event ADD CONSTRAINT refuses CHECK (false) NOT VALID")
    with pytest.raises(Exception, match="refuses"):
        sweep(database)
    assert (facts.closures(), facts.value("SELECT count(*) FROM revocation")) == ([], 0)

    facts.run("ALTER TABLE audit_event DROP CONSTRAINT refuses")
    assert sweep(database) == 1


def test_a_sweep_whose_commit_is_held_has_ended_nothing_and_what_is_rolled_back_is_taken_up_again(
    database: Database, facts: Facts, make: Builders
):
    """B211: the deadline is what enforces; the sweep only records."""
    make.session()
    let_sessions_pass(facts)
    with database.engine.connect() as held:
        assert expire_credentials(held) == 1
        assert (facts.closures(), facts.value("SELECT count(*) FROM revocation")) == ([], 0)
        held.rollback()
    assert facts.value("SELECT count(*) FROM session WHERE terminated_at IS NOT NULL") == 0

    assert sweep(database) == 1
    assert facts.closures() == [("close", "session", "session_expired")]


def test_more_than_a_batch_is_worked_off_in_bounded_transactions(
    database: Database, facts: Facts, make: Builders
):
    """B244."""
    account = make.account()
    make.many_sessions(account, 1_500)
    let_sessions_pass(facts)

    assert [sweep(database) for _ in range(3)] == [1_000, 500, 0]

    assert facts.value("SELECT count(DISTINCT xact_id) FROM closure") == 2
    assert facts.value("SELECT count(*) FROM audit_event WHERE type = 'session_expire'") == 1_500


def test_a_support_session_that_ends_with_its_grant_is_left_to_the_grants_end(
    database: Database, facts: Facts, make: Builders
):
    organization = make.organization()
    make.grant(organization)
    make.support_session(organization, make.session(make.account(is_global_admin=True)))
    facts.run("UPDATE support_access_grant SET expires_at = now() - interval '1 s'")
    facts.run("UPDATE session SET absolute_expires_at = now() - interval '1 s' WHERE grant_id IS NOT NULL")
    assert sweep(database) == 0
