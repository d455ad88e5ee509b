"""Reading the audit trail, and recording what was refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.audit import AuditEvent, record_audit_event
from app.data.rows import all_rows, run
from app.domain.errors import Forbidden, NotFound
from app.domain.paging import PageRequest
from app.domain.searching import TrailSearch
from app.operations.list_audit_events import list_audit_events
from app.operations.record_refusal import record_refusal
from tests.builders import ADDRESS, Builders
from tests.closure_rows import closures


def test_a_refused_probe_stands_under_the_account_that_tried_and_closes_nothing(
    make: Builders, db: Connection
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
    (event,) = list_audit_events(
        db, caller=prober.caller, search=TrailSearch(type="session_revoke"), page=PageRequest()
    ).items
    assert (event.outcome, event.account_id, event.session_id) == ("failure", str(prober.account_id), None)
    assert event.metadata == {"attempted_id": str(victim.session_id)}
    assert closures(db) == []


def test_everybody_sees_what_concerns_them_and_a_global_admin_everything(
    make: Builders, db: Connection
) -> None:
    one, other = make.session(), make.session()
    admin = make.session(make.account("ga", is_global_admin=True))
    mine = list_audit_events(db, caller=one.caller, page=PageRequest()).items
    assert {event.account_id for event in mine} == {str(one.account_id)}
    everything = list_audit_events(db, caller=admin.caller, page=PageRequest()).items
    assert {str(one.account_id), str(other.account_id)} <= {event.account_id for event in everything}


def test_the_trail_of_an_organization_is_for_its_admins(make: Builders, db: Connection) -> None:
    organization = make.organization()
    make.grant(organization)
    assert list_audit_events(
        db, caller=organization.admin.caller, org=organization.slug, page=PageRequest()
    ).items
    for caller in (make.session(make.member(organization)), make.organization().admin):
        for org in (organization.slug, str(uuid7())):
            with pytest.raises(NotFound):
                list_audit_events(db, caller=caller.caller, org=org, page=PageRequest())


def test_a_support_session_reads_no_trail(make: Builders, db: Connection) -> None:
    organization = make.organization()
    make.grant(organization)
    support = make.support_session(organization, make.session(make.account("ga", is_global_admin=True)))
    with pytest.raises(Forbidden):
        list_audit_events(db, caller=support.caller, page=PageRequest())


def test_the_trail_comes_in_pages_newest_first(make: Builders, db: Connection) -> None:
    session = make.session()
    for number in range(5):
        record_refusal(
            db, type="probe", caller=session.caller, attempted_id=str(number), reason="x", address=ADDRESS
        )
    seen: list[str] = []
    cursor = None
    while True:
        page = list_audit_events(
            db,
            caller=session.caller,
            search=TrailSearch(type="probe"),
            page=PageRequest(limit=2, cursor=cursor),
        )
        seen += [event.metadata["attempted_id"] for event in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["4", "3", "2", "1", "0"]
    assert len(all_rows(db, "SELECT FROM audit_event WHERE type = 'probe'")) == 5


def recorded(db: Connection, event: AuditEvent, *, at: datetime | None = None) -> str:
    record_audit_event(db, event)
    sql = "UPDATE audit_event SET occurred_at = coalesce(%(at)s, occurred_at) WHERE type = %(type)s"
    run(db, sql, at=at, type=event.type)
    return event.type


def test_the_trail_is_searched_by_what_happened_to_whom_by_whom_and_when(
    make: Builders, db: Connection
) -> None:
    root, alice, bob = make.account("root", is_global_admin=True), make.account("alice"), make.account("bob")
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    one = recorded(
        db,
        AuditEvent(
            type="one",
            actor_id=root.account_id,
            account_id=alice.account_id,
            reason="Because_I_Said_So",
            ip_address="203.0.113.9",
            metadata={"name": "The Printer"},
        ),
        at=at,
    )
    two = recorded(
        db,
        AuditEvent(type="two", is_success=False, actor_id=alice.account_id, account_id=bob.account_id),
        at=at + timedelta(hours=1),
    )
    caller = make.session(root).caller

    def found(**asked: Any) -> list[str]:
        search = TrailSearch(**asked)
        page = list_audit_events(db, caller=caller, search=search, page=PageRequest())
        return [event.type for event in page.items if event.type in {"one", "two"}]

    assert found() == [two, one]
    assert found(type="one") == [one]
    assert (found(outcome="failure"), found(outcome="success")) == ([two], [one])
    assert found(account=alice.email.upper()) == [one]
    assert found(account=str(bob.account_id)) == [two]
    assert (found(actor=alice.email), found(actor=str(root.account_id))) == ([two], [one])
    for text in ("because_i", "printer", "203.0.113.9", str(alice.account_id)[-12:]):
        assert one in found(text=text), text
    assert found(text="100%_") == [], "wildcards are none"
    assert found(since=at, until=at + timedelta(hours=1)) == [one], "the end is not part of the range"
    assert found(since=at + timedelta(hours=1)) == [two]
    assert found(actor="nobody@example.com") == []


def test_nobody_learns_by_searching_whose_id_stands_in_an_event(make: Builders, db: Connection) -> None:
    """An organization's admin sees the id of the Global Admin who acted; guessing addresses tells no more."""
    organization = make.organization()
    root, member = make.account("root", is_global_admin=True), make.member(organization)
    recorded(
        db,
        AuditEvent(
            type="seen",
            actor_id=root.account_id,
            account_id=member.account_id,
            org_id=organization.org_id,
        ),
    )

    def found(**asked: Any) -> int:
        page = list_audit_events(
            db, caller=organization.admin.caller, search=TrailSearch(type="seen", **asked), page=PageRequest()
        )
        return len(page.items)

    assert found(actor=str(root.account_id)) == 1
    assert found(actor=root.email) == 0
    assert found(account=member.email) == 1
