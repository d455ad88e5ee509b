"""Reading the audit trail, and recording what was refused."""

import pytest
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.data.rows import all_rows
from app.domain.errors import Forbidden, NotFound
from app.domain.paging import PageRequest
from app.operations.list_audit_events import list_audit_events
from app.operations.record_refusal import record_refusal
from tests.builders import ADDRESS, Builders
from tests.closure_rows import closures


def test_a_refused_probe_stands_under_the_account_that_tried_and_closes_nothing(
    make: Builders, db: Session
) -> None:
    """B16."""
    prober, victim = make.session(), make.session()
    record_refusal(
        db,
        type="session_revoke",
        caller=prober.caller,
        attempted_id=victim.session_id,
        reason="not_found",
        address=ADDRESS,
    )
    (event,) = list_audit_events(db, caller=prober.caller, type="session_revoke", page=PageRequest()).items
    assert (event.outcome, event.account_id, event.session_id) == ("failure", str(prober.account_id), None)
    assert event.metadata == {"attempted_id": str(victim.session_id)}
    assert closures(db) == []


def test_everybody_sees_what_concerns_them_and_a_global_admin_everything(make: Builders, db: Session) -> None:
    one, other = make.session(), make.session()
    admin = make.session(make.account("ga", is_global_admin=True))
    mine = list_audit_events(db, caller=one.caller, page=PageRequest()).items
    assert {event.account_id for event in mine} == {str(one.account_id)}
    everything = list_audit_events(db, caller=admin.caller, page=PageRequest()).items
    assert {str(one.account_id), str(other.account_id)} <= {event.account_id for event in everything}


def test_the_trail_of_an_organization_is_for_its_admins(make: Builders, db: Session) -> None:
    organization = make.organization()
    make.grant(organization)
    assert list_audit_events(
        db, caller=organization.admin.caller, org=organization.slug, page=PageRequest()
    ).items
    for caller in (make.session(make.member(organization)), make.organization().admin):
        for org in (organization.slug, str(uuid7())):
            with pytest.raises(NotFound):
                list_audit_events(db, caller=caller.caller, org=org, page=PageRequest())


def test_a_support_session_reads_no_trail(make: Builders, db: Session) -> None:
    organization = make.organization()
    make.grant(organization)
    support = make.support_session(organization, make.session(make.account("ga", is_global_admin=True)))
    with pytest.raises(Forbidden):
        list_audit_events(db, caller=support.caller, page=PageRequest())


def test_the_trail_comes_in_pages_newest_first(make: Builders, db: Session) -> None:
    session = make.session()
    for number in range(5):
        record_refusal(
            db, type="probe", caller=session.caller, attempted_id=str(number), reason="x", address=ADDRESS
        )
    seen: list[str] = []
    cursor = None
    while True:
        page = list_audit_events(
            db, caller=session.caller, type="probe", page=PageRequest(limit=2, cursor=cursor)
        )
        seen += [event.metadata["attempted_id"] for event in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["4", "3", "2", "1", "0"]
    assert len(all_rows(db, "SELECT FROM audit_event WHERE type = 'probe'")) == 5
