"""Each message to an organization is judged by what is true then."""

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.rows import run
from app.domain.errors import Forbidden, NotFound
from app.domain.paging import PageRequest
from app.operations.list_audit_events import list_audit_events
from app.operations.set_role import set_role
from tests.builders import Builders, MadeOrganization, MadeSession
from tests.closure_rows import closures
from tests.operations.support import send


def test_a_role_is_read_anew_for_every_message(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    member = make.session(make.member(organization))
    assert send(db, member, organization.slug, write=True).role == "member"
    assert send(db, organization.admin, str(organization.org_id)).role == "admin"
    set_role(db, account_id=member.account_id, org_id=organization.org_id, role=None)
    with pytest.raises(NotFound):
        send(db, member, organization.slug)


def test_a_foreign_and_an_unknown_organization_are_the_same(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    for org in (organization.slug, str(organization.org_id), "no-such", str(uuid7()), "", "\0"):
        with pytest.raises(NotFound) as refused:
            send(db, make.session(), org.replace("\0", "nul"))
        assert refused.value.what == "organization"


def test_a_support_session_is_good_for_its_organization_only(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    own = make.organization()
    set_role(db, account_id=support_admin.account_id, org_id=own.org_id, role="admin")
    db.commit()
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    assert send(db, support, organization.slug).role == "support"
    with pytest.raises(NotFound):
        send(db, support, own.slug)
    assert send(db, support_admin, own.slug).role == "admin"


def test_a_grant_to_read_refuses_writing(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    make.grant(organization, read_only=True)
    support = make.support_session(organization, support_admin)
    assert send(db, support, organization.slug).read_only
    with pytest.raises(Forbidden):
        send(db, support, organization.slug, write=True)


def test_every_use_is_in_the_organizations_trail(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B238: an event a message, at once; the sums follow."""
    grant = make.grant(organization)
    support = make.support_session(organization, support_admin)
    uses = [send(db, support, organization.slug).use for _ in range(3)]
    trail = list_audit_events(db, caller=organization.admin.caller, org=organization.slug, page=PageRequest())
    assert [event.type for event in trail.items] == ["org_message"] * 3 + [
        "sign_in_as_support",
        "support_grant_save",
    ]
    assert {event.grant_id for event in trail.items} == {str(grant.grant_id)}
    assert {event.session_id for event in trail.items[:4]} == {str(support.session_id)}
    assert closures(db) == []
    assert {(use.grant_id, use.session_id, use.times) for use in uses if use is not None} == {
        (grant.grant_id, support.session_id, 1)
    }


def test_a_message_under_a_grant_waits_for_nobody_who_holds_the_grant(
    make: Builders,
    db: Connection,
    database: Database,
    organization: MadeOrganization,
    support_admin: MadeSession,
) -> None:
    """Authorization reads; the sums are written later."""
    grant = make.grant(organization)
    support = make.support_session(organization, support_admin)
    with database.session() as other:
        run(other, "SELECT FROM support_access_grant WHERE id = %(id)s FOR UPDATE", id=grant.grant_id)
        run(db, "SET LOCAL lock_timeout = '200ms'")
        assert send(db, support, organization.slug).role == "support"
