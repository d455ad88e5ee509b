"""A grant's end by the clock: one transition, with its support sessions."""

from datetime import timedelta

import psycopg
import pytest

from app.data.engine import Database
from app.domain.ids import RevocationId
from app.operations.expire_support_grants import expire_support_grants
from app.operations.perform import perform
from app.operations.revoke_support_grant import revoke_support_grant
from tests.builders import Builders, MadeOrganization
from tests.operations.performing import Facts, InThread, RecordingPublisher


def sweep(database: Database) -> int:
    with database.session() as db:
        return expire_support_grants(db)


def let_grants_pass(facts: Facts) -> None:
    facts.run("UPDATE support_access_grant SET expires_at = now() - interval '1 s'")
    facts.run("TRUNCATE closure")


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


def test_it_is_recorded_once_with_the_sessions_under_it_one_event_and_one_receipt(
    database: Database, facts: Facts, make: Builders, organization: MadeOrganization
):
    """B86."""
    grant = make.grant(organization)
    admin = make.session(make.account(is_global_admin=True))
    support = make.support_session(organization, admin)
    let_grants_pass(facts)

    assert (sweep(database), sweep(database)) == (1, 0)

    assert ("close", "session", "support_access_ended") in facts.closures()
    ended = facts.rows("SELECT id, end_reason FROM session WHERE terminated_at IS NOT NULL")
    assert [tuple(row.values()) for row in ended] == [(support.session_id, "support_access_ended")]
    (revocation,) = facts.rows("SELECT * FROM revocation")
    assert (revocation["kind"], revocation["source"]) == ("support_grant_end", "expiry")
    assert (revocation["org_id"], revocation["target_id"]) == (organization.org_id, grant.grant_id)
    assert (revocation["grants_ended"], revocation["sessions_ended"]) == (1, 1)
    (event,) = facts.successes(RevocationId(revocation["id"]))
    assert (event["type"], event["grant_id"]) == ("support_grant_end", str(grant.grant_id))
    closed = facts.rows("SELECT revocation_id FROM closure WHERE action = 'close'")
    assert [row["revocation_id"] for row in closed] == [revocation["id"]]


def test_many_at_once_are_each_a_revocation_with_its_own_session_transaction_and_event(
    database: Database, facts: Facts, make: Builders, organization: MadeOrganization
):
    """B244."""
    for _ in range(3):
        grant = make.grant(organization)
        make.support_session(
            organization, make.session(make.account(is_global_admin=True)), grant_id=grant.grant_id
        )
    make.grant(organization)
    let_grants_pass(facts)

    assert (sweep(database), sweep(database)) == (4, 0)

    told = facts.rows(
        """
        SELECT r.id, r.sessions_ended, count(DISTINCT t.xact_id) AS transactions, array_agg(DISTINCT s.grant_id) AS grants,
               r.target_id, count(DISTINCT e.id) AS events
          FROM revocation r
          LEFT JOIN revocation_transaction t ON t.revocation_id = r.id
          LEFT JOIN closure c ON c.revocation_id = r.id AND c.action = 'close'
          LEFT JOIN session s ON s.token_hash = c.target_key
          LEFT JOIN audit_event e ON e.revocation_id = r.id AND e.grant_id = r.target_id::text
         GROUP BY r.id
         ORDER BY r.sessions_ended
        """
    )
    assert [row["events"] for row in told] == [1] * 4
    assert [(row["sessions_ended"], row["transactions"]) for row in told] == [(0, 0)] + [(1, 1)] * 3
    assert [row["grants"] for row in told[1:]] == [[row["target_id"]] for row in told[1:]]


def test_more_than_a_batch_is_worked_off_in_bounded_transactions(
    database: Database, facts: Facts, make: Builders, organization: MadeOrganization
):
    """B244."""
    make.grant(organization)
    facts.run(
        """
        INSERT INTO support_access_grant (id, org_id, granted_by, reason, expires_at)
        SELECT gen_random_uuid(), org_id, granted_by, reason, expires_at
          FROM support_access_grant, generate_series(1, 600)
        """
    )
    let_grants_pass(facts)

    assert [sweep(database) for _ in range(3)] == [500, 101, 0]

    assert facts.value("SELECT count(*) FROM revocation WHERE kind = 'support_grant_end'") == 601
    assert facts.value("SELECT count(*) FROM audit_event WHERE type = 'support_grant_end'") == 601


def test_a_session_that_somebody_holds_keeps_its_grant_and_no_other(
    database: Database, database_url: str, facts: Facts, make: Builders, organization: MadeOrganization
):
    held, free = make.grant(organization), make.grant(organization)
    for grant in (held, free):
        make.support_session(
            organization, make.session(make.account(is_global_admin=True)), grant_id=grant.grant_id
        )
    let_grants_pass(facts)
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM session WHERE grant_id = %s FOR UPDATE", [held.grant_id])
        assert sweep(database) == 1
        ended = facts.rows("SELECT id FROM support_access_grant WHERE expired_at IS NOT NULL")
        assert [row["id"] for row in ended] == [free.grant_id]
    assert sweep(database) == 1


def test_two_grants_of_one_admin_are_two_revocations(
    database: Database, facts: Facts, make: Builders, organization: MadeOrganization
):
    admin = make.session(make.account(is_global_admin=True))
    for _ in range(2):
        grant = make.grant(organization)
        make.support_session(organization, admin, grant_id=grant.grant_id)
    let_grants_pass(facts)

    assert [sweep(database) for _ in range(3)] == [1, 1, 0]
    assert facts.value("SELECT count(DISTINCT revocation_id) FROM closure WHERE action = 'close'") == 2
    assert facts.value("SELECT count(*) FROM audit_event WHERE type = 'support_grant_end'") == 2


def test_two_workers_at_once_expire_it_once(
    database: Database, facts: Facts, make: Builders, organization: MadeOrganization
):
    """B233."""
    make.grant(organization)
    let_grants_pass(facts)
    sweeps = [InThread(lambda: sweep(database)) for _ in range(3)]
    assert sum(each.result() for each in sweeps) == 1
    assert facts.value("SELECT count(*) FROM audit_event WHERE type = 'support_grant_end'") == 1


def test_a_grant_that_was_extended_meanwhile_lives(
    database: Database, facts: Facts, make: Builders, organization: MadeOrganization
):
    """B231."""
    make.grant(organization, lifetime=timedelta(minutes=1))
    assert sweep(database) == 0
    assert facts.value("SELECT expired_at IS NULL FROM support_access_grant")


def test_revoked_and_past_its_end_it_has_one_final_state_and_one_event(
    database: Database,
    facts: Facts,
    make: Builders,
    publisher: RecordingPublisher,
    organization: MadeOrganization,
):
    """B234."""
    grant = make.grant(organization)
    make.support_session(organization, make.session(make.account(is_global_admin=True)))
    with database.session() as db:
        asked = revoke_support_grant(
            db, caller=organization.admin.caller, org=organization.slug, grant_id=grant.grant_id
        )
    let_grants_pass(facts)

    assert sweep(database) == 1
    perform(database, publisher, asked.revocation_id)

    (row,) = facts.rows("SELECT revoked_at, expired_at FROM support_access_grant")
    assert (row["revoked_at"], row["expired_at"] is not None) == (None, True)
    assert facts.value("SELECT count(*) FROM audit_event WHERE type = 'support_grant_end'") == 1
    assert facts.value("SELECT count(*) FROM closure WHERE action = 'close'") == 1
    assert publisher.messages == []


def test_a_grant_that_another_sweep_has_is_left_to_it(
    database: Database, database_url: str, facts: Facts, make: Builders, organization: MadeOrganization
):
    make.grant(organization)
    let_grants_pass(facts)
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM support_access_grant FOR NO KEY UPDATE")
        assert sweep(database) == 0
    assert sweep(database) == 1
