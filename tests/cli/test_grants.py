"""`cutoff grants`, as processes on a real database."""

import json

import pytest

from app.data.engine import Database
from app.data.rows import all_rows, run
from tests.builders import Builders, MadeOrganization

DONE = 0
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


@pytest.fixture
def by(organization: MadeOrganization) -> str:
    return str(organization.admin.account_id)


def give(command, organization: MadeOrganization, by: str, *more: str, until: str = "2h"):
    return command(
        "grants",
        "give",
        organization.slug,
        "--until",
        until,
        "--reason",
        "ticket 7",
        "--by",
        by,
        "--json",
        *more,
    )


def test_a_grant_is_given_moved_and_ended(command, make, database: Database, organization, by):
    admin = make.account("ga", is_global_admin=True)
    given = give(command, organization, by, "--to", admin.email, "--read-only")
    assert (given.returncode, given.stderr) == (DONE, "")
    grant = json.loads(given.stdout)
    assert (grant["admin"], grant["read_only"], grant["state"]) == (admin.email, True, "usable")

    support = make.support_session(organization, make.session(admin))
    extended = command("grants", "extend", grant["id"], "--until", "5d", "--by", by, "--yes", "--json")
    assert json.loads(extended.stdout)["expires_at"] > grant["expires_at"]
    ended = command("grants", "end", grant["id"], "--yes", "--json")
    assert json.loads(ended.stdout.splitlines()[-1])["kind"] == "support_grant_end"
    with database.session() as db:
        rows = all_rows(db, "SELECT terminated_at FROM session WHERE id = %(id)s", id=support.session_id)
        events = all_rows(
            db, "SELECT type, actor_id, metadata FROM audit_event WHERE type ~ '^support_grant_(s|u)'"
        )
    assert rows[0]["terminated_at"] is not None
    assert {(each["type"], each["actor_id"], each["metadata"]["source"]) for each in events} == {
        ("support_grant_save", by, "operator"),
        ("support_grant_update", by, "operator"),
    }


@pytest.mark.parametrize("until", ["yesterday", "2001-01-01", "400d"])
def test_an_end_that_will_not_do_is_refused_and_nothing_is_given(command, database, organization, by, until):
    refused = give(command, organization, by, until=until)
    assert refused.returncode != DONE
    assert "Traceback" not in refused.stderr
    with database.session() as db:
        assert all_rows(db, "SELECT FROM support_access_grant") == []


def test_only_an_admin_of_the_organization_can_have_agreed_to_it(command, make, database, organization):
    for nobody in (make.member(organization), make.account(is_global_admin=True)):
        assert give(command, organization, nobody.email).returncode != DONE
    with database.session() as db:
        assert all_rows(db, "SELECT FROM support_access_grant") == []


def test_what_may_end_sessions_is_asked_first(command, make, database, organization, by):
    grant = make.grant(organization)
    for words in (("extend", "--until", "1m", "--by", by), ("end",)):
        verb, *options = words
        assert command("grants", verb, str(grant.grant_id), *options).returncode != DONE
    with database.session() as db:
        (row,) = all_rows(db, "SELECT expires_at, revoked_at FROM support_access_grant")
    assert (row["expires_at"], row["revoked_at"]) == (grant.expires_at, None)


def test_grants_are_listed_and_shown_those_that_are_over_if_asked_for(command, make, database, organization):
    grant = make.grant(organization)
    assert str(grant.grant_id) in command("grants", "list", "--org", organization.slug).stdout
    with database.session() as db:
        run(db, "UPDATE support_access_grant SET revoked_at = now()")
    assert "Nobody is let in." in command("grants", "list").stdout
    listed = command("grants", "list", "--org", organization.slug, "--all", "--json").stdout
    assert (json.loads(listed)["id"], json.loads(listed)["state"]) == (str(grant.grant_id), "revoked")
    assert "a ticket" in command("grants", "show", str(grant.grant_id)).stdout
