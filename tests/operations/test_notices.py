"""What an organization is told: in the transaction of the fact, whoever brings it about, and once."""

from datetime import timedelta

import psycopg
import pytest

from app.data.engine import Database
from app.domain.errors import Forbidden, NotFound
from app.domain.paging import PageRequest
from app.operations.expire_support_grants import expire_support_grants
from app.operations.list_notices import list_notices
from app.operations.perform import perform
from app.operations.request_support_access import request_support_access
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.update_support_grant import update_support_grant
from tests.builders import Builders, MadeOrganization
from tests.operations.performing import Facts, InThread

MAXIMUM = timedelta(days=30)


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


def told(facts: Facts) -> list[str]:
    rows = facts.rows("SELECT type FROM notice ORDER BY noticed_at, id")
    return [row["type"].removeprefix("support_access.") for row in rows]


def ended(facts: Facts) -> list[str]:
    rows = facts.rows("SELECT facts FROM notice WHERE type = 'support_access.ended'")
    return [row["facts"]["how"] for row in rows]


def move(database: Database, organization: MadeOrganization, grant_id, expires_at):
    database.transact(
        update_support_grant,
        caller=organization.admin.caller,
        org=organization.slug,
        grant_id=grant_id,
        expires_at=expires_at,
        maximum=MAXIMUM,
    )


def test_it_is_told_at_grant_first_use_extension_shortening_and_end(
    database, facts, make, organization, publisher
):
    grant = make.grant(organization)
    admin = make.session(make.account(is_global_admin=True))
    make.support_session(organization, admin)
    make.support_session(organization, admin)
    move(database, organization, grant.grant_id, make.now() + timedelta(hours=5))
    move(database, organization, grant.grant_id, make.now() + timedelta(hours=1))
    asked = database.transact(
        revoke_support_grant,
        caller=organization.admin.caller,
        org=organization.slug,
        grant_id=grant.grant_id,
    )
    perform(database, publisher, asked.revocation_id)
    assert told(facts) == ["given", "first_used", "extended", "shortened", "ended"]
    page = database.transact(
        list_notices, caller=organization.admin.caller, org=organization.slug, page=PageRequest()
    )
    assert [each.type.rpartition(".")[2] for each in page.items] == list(reversed(told(facts)))
    assert page.items[0].facts["ended_by"] == str(organization.admin.account_id)
    assert {each.grant_id for each in page.items} == {grant.grant_id}
    assert {each.delivery for each in page.items} == {None}


def test_a_request_is_told(database, facts, make, organization):
    admin = make.session(make.account(is_global_admin=True))
    database.transact(
        request_support_access,
        caller=admin.caller,
        org=organization.slug,
        expires_at=make.now() + timedelta(days=1),
        reason="ticket 9",
        maximum=MAXIMUM,
    )
    (row,) = facts.rows("SELECT type, facts FROM notice")
    assert row["type"] == "support_access.requested"
    assert (row["facts"]["requested_by"], row["facts"]["reason"]) == (str(admin.account_id), "ticket 9")


@pytest.mark.parametrize(
    ("sql", "how"),
    [
        ("UPDATE support_access_grant SET revoked_at = now()", "revoked"),
        ("UPDATE support_access_grant SET expires_at = now(), expired_at = now()", "expired"),
        ("DELETE FROM support_access_grant", "deleted"),
        ("TRUNCATE support_access_grant CASCADE", "deleted"),
    ],
)
def test_an_end_by_sql_is_told_once_also_under_a_replica_role(facts, make, organization, database, sql, how):
    grant = make.grant(organization)
    make.support_session(organization, make.session(make.account(is_global_admin=True)))
    with database.session() as db:
        db.exec_driver_sql("SET LOCAL session_replication_role = replica")
        db.exec_driver_sql(sql)
    assert ended(facts) == [how]
    facts.run("UPDATE support_access_grant SET revoked_at = now(), expired_at = now()")
    facts.run("DELETE FROM support_access_grant")
    assert ended(facts) == [how]
    assert facts.value("SELECT grant_id FROM notice WHERE type = 'support_access.ended'") == grant.grant_id


def test_an_end_by_the_clock_is_told_once_by_the_sweep(database, facts, make, organization):
    """B233: two sweeps at once."""
    make.grant(organization)
    facts.run("UPDATE support_access_grant SET expires_at = now() - interval '1 s'")
    sweeps = [InThread(lambda: database.transact(expire_support_grants)) for _ in range(3)]
    assert sum(each.result() for each in sweeps) == 1
    assert told(facts) == ["given", "shortened", "ended"]
    assert ended(facts) == ["expired"]


def test_a_fact_that_is_rolled_back_is_not_told(database, facts, make, organization):
    make.grant(organization)
    with database.session() as db:
        db.exec_driver_sql("UPDATE support_access_grant SET revoked_at = now()")
        db.rollback()
    assert told(facts) == ["given"]


def test_counting_its_uses_tells_nothing(facts, make, organization):
    make.grant(organization)
    facts.run("UPDATE support_access_grant SET use_count = use_count + 1, last_used_at = now()")
    assert told(facts) == ["given"]


def test_an_organization_that_goes_takes_its_grants_along_and_is_told_nothing(facts, make, organization):
    make.grant(organization)
    facts.run("DELETE FROM organization")
    assert facts.value("SELECT count(*) FROM support_access_grant") == 0
    assert ended(facts) == []


def test_a_role_without_rights_on_notices_can_end_a_grant_and_the_organization_is_told(
    database_url, facts, make, organization
):
    """B107."""
    make.grant(organization)
    with psycopg.connect(database_url, autocommit=True) as connection:
        role = f"clerk_{connection.info.backend_pid}"
        connection.execute(f"CREATE ROLE {role}")
        try:
            connection.execute(f"GRANT SELECT, UPDATE ON support_access_grant TO {role}")
            connection.execute(f"SET ROLE {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT append_notice(gen_random_uuid(), 'x', NULL, NULL, '{}')")
            connection.execute("UPDATE support_access_grant SET revoked_at = now()")
        finally:
            connection.execute("RESET ROLE")
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
    assert ended(facts) == ["revoked"]


def test_notices_are_for_the_organizations_admins(database, make, organization):
    make.grant(organization)
    strangers = (make.organization().admin, make.session(make.account(is_global_admin=True)), make.session())
    refusals = [(stranger, NotFound) for stranger in strangers]
    for caller, refusal in [*refusals, (make.session(make.member(organization)), Forbidden)]:
        with pytest.raises(refusal):
            database.transact(list_notices, caller=caller.caller, org=organization.slug, page=PageRequest())
