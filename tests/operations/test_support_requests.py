"""Asking an organization for access: who may ask, who decides, and that each request is decided once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.rows import all_rows
from app.data.support_requests import SupportRequest
from app.domain.caller import Caller
from app.domain.errors import Conflict, CutoffError, Forbidden, Invalid, NotFound
from app.domain.ids import SupportRequestId
from app.domain.paging import PageRequest
from app.domain.support_access import REQUEST_LAPSES_AFTER, RequestState
from app.operations.approve_support_request import approve_support_request
from app.operations.decline_support_request import decline_support_request
from app.operations.list_support_requests import list_support_requests
from app.operations.request_support_access import request_support_access
from app.operations.show_support_access import show_support_doors
from app.operations.withdraw_support_request import withdraw_support_request
from tests.builders import Builders, MadeOrganization, MadeSession
from tests.operations.performing import Facts, InThread

MAXIMUM = timedelta(days=30)


@pytest.fixture
def ask(
    make: Builders, database: Database, organization: MadeOrganization, support_admin: MadeSession
) -> Callable[..., SupportRequest]:
    def ask(caller: Caller | None = None, *, org: str = "", **wishes: object) -> SupportRequest:
        wanted: dict[str, Any] = {
            "expires_at": make.now() + timedelta(days=2),
            "reason": "ticket 8",
            **wishes,
        }
        asking = partial(
            request_support_access,
            caller=caller or support_admin.caller,
            org=org or organization.slug,
            maximum=MAXIMUM,
            **wanted,
        )
        return database.transact(asking)

    return ask


def approve(database: Database, organization: MadeOrganization, request: SupportRequest, **narrower: Any):
    approving = partial(
        approve_support_request,
        caller=organization.admin.caller,
        org=organization.slug,
        request_id=request.request_id,
        maximum=MAXIMUM,
        **narrower,
    )
    return database.transact(approving)


def decline(database: Database, organization: MadeOrganization, request: SupportRequest):
    return database.transact(
        decline_support_request,
        caller=organization.admin.caller,
        org=organization.slug,
        request_id=request.request_id,
    )


def withdraw(database: Database, organization: MadeOrganization, by: MadeSession, request: SupportRequest):
    return database.transact(
        withdraw_support_request,
        caller=by.caller,
        org=organization.slug,
        request_id=request.request_id,
    )


def test_a_request_is_pending_and_seen_by_the_organization_and_by_who_made_it(
    make, db: Connection, organization, support_admin, ask
):
    made = ask(read_only=True)
    assert (made.state, made.read_only, made.requested_by) == (
        RequestState.PENDING,
        True,
        support_admin.account_id,
    )
    assert made.lapses_at - made.created_at == pytest.approx(REQUEST_LAPSES_AFTER, abs=timedelta(seconds=1))
    page = PageRequest()
    seen = list_support_requests(db, caller=organization.admin.caller, org=organization.slug, page=page)
    own = list_support_requests(db, caller=support_admin.caller, org=organization.slug, page=page)
    sent = show_support_doors(db, caller=support_admin.caller, grants=page, requests=page).requests
    other = make.session(make.account("ga", is_global_admin=True))
    assert seen.items == own.items == sent.items == (made,)
    assert list_support_requests(db, caller=other.caller, org=organization.slug, page=page).items == ()


def test_only_a_global_admin_asks_and_only_an_organization_that_exists(make, organization, ask):
    for nobody in (make.session(), organization.admin, make.session(make.member(organization))):
        with pytest.raises(Forbidden):
            ask(nobody.caller)
    for slug in ("no-such", str(uuid7())):
        with pytest.raises(NotFound):
            ask(org=slug)


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"reason": " "}, "reason"), ({"reason": "x" * 501}, "reason"), ({"expires_at": None}, "expires_at")],
)
def test_a_request_says_until_when_and_why(make, ask, wish, field):
    if field == "expires_at":
        wish = {"expires_at": make.now() + timedelta(days=31)}
    with pytest.raises(Invalid) as refused:
        ask(**wish)
    assert refused.value.field == field


def test_a_second_request_waits_until_the_first_is_decided(database, organization, ask, make):
    first = ask()
    with pytest.raises(Conflict) as refused:
        ask()
    assert refused.value.rule == "request_is_pending"
    ask(make.session(make.account("ga", is_global_admin=True)).caller)
    decline(database, organization, first)
    assert ask().state is RequestState.PENDING


def test_of_two_requests_at_once_one_is_made(database, ask, organization, support_admin):
    asking = [InThread(ask) for _ in range(4)]
    outcomes = [_outcome(each.result) for each in asking]
    assert sorted(outcomes) == ["Conflict"] * 3 + ["SupportRequest"]


def test_approving_gives_the_asker_a_grant_as_it_was_asked_for_in_the_same_transaction(
    database, db, organization, support_admin, ask, make
):
    request = ask()
    grant = approve(database, organization, request)
    assert (grant.admin_account_id, grant.reason, grant.expires_at, grant.read_only) == (
        support_admin.account_id,
        "ticket 8",
        request.wanted_until,
        False,
    )
    assert grant.granted_by == organization.admin.account_id
    (row,) = all_rows(db, "SELECT decision, grant_id, decided_by FROM support_request")
    assert tuple(row.values()) == ("approved", grant.grant_id, organization.admin.account_id)
    db.rollback()
    make.support_session(organization, support_admin)
    other = make.session(make.account("ga", is_global_admin=True))
    with pytest.raises(NotFound):
        make.support_session(organization, other)


def test_approving_may_shorten_it_and_let_it_only_read_but_never_widen_it(database, organization, ask, make):
    request = ask(read_only=True)
    with pytest.raises(Invalid) as refused:
        approve(database, organization, request, expires_at=request.wanted_until + timedelta(seconds=1))
    assert refused.value.rule == "later_than_was_asked_for"
    with pytest.raises(Invalid):
        approve(database, organization, request, expires_at=make.now())
    sooner = make.now() + timedelta(hours=1)
    grant = approve(database, organization, request, expires_at=sooner, read_only=False)
    assert (grant.expires_at, grant.read_only) == (sooner, True)
    narrowed = approve(database, organization, ask(), read_only=True)
    assert narrowed.read_only


def test_who_is_no_global_admin_any_more_gets_nothing(database, db, facts: Facts, organization, ask):
    request = ask()
    facts.run("UPDATE account SET is_global_admin = false WHERE is_global_admin")
    with pytest.raises(Invalid):
        approve(database, organization, request)
    assert all_rows(db, "SELECT FROM support_access_grant") == []


@pytest.mark.parametrize("times", range(3))
def test_of_several_decisions_at_once_one_wins(
    times, database, facts: Facts, organization, support_admin, ask
):
    request = ask()
    deciding = [
        InThread(lambda: approve(database, organization, request)),
        InThread(lambda: decline(database, organization, request)),
        InThread(lambda: withdraw(database, organization, support_admin, request)),
        InThread(lambda: approve(database, organization, request)),
    ]
    outcomes = [_outcome(each.result) for each in deciding]
    assert outcomes.count("Conflict") == 3
    (row,) = facts.rows("SELECT decision, grant_id FROM support_request")
    grants = facts.value("SELECT count(*) FROM support_access_grant")
    assert grants == (1 if row["decision"] == "approved" else 0)
    events = facts.value("SELECT count(*) FROM audit_event WHERE type ~ '^support_request_(app|dec|wit)'")
    assert events == 1


@pytest.mark.parametrize("decide", ["approve", "decline", "withdraw"])
def test_after_seven_days_it_has_lapsed_and_nobody_decides_it(
    database, db, facts: Facts, organization, support_admin, ask, decide
):
    request = ask()
    facts.run("UPDATE support_request SET lapses_at = clock_timestamp()")
    seen = list_support_requests(
        db, caller=organization.admin.caller, org=organization.slug, page=PageRequest()
    )
    assert [each.state for each in seen.items] == [RequestState.LAPSED]
    with pytest.raises(Conflict):
        {
            "approve": lambda: approve(database, organization, request),
            "decline": lambda: decline(database, organization, request),
            "withdraw": lambda: withdraw(database, organization, support_admin, request),
        }[decide]()
    assert facts.value("SELECT count(*) FROM support_access_grant") == 0
    assert ask().state is RequestState.PENDING  # it does not stand in the way of a new one
    assert facts.value("SELECT decision FROM support_request WHERE decision IS NOT NULL") == "lapsed"


def test_unknown_and_foreign_requests_are_the_same(database, organization, support_admin, ask, make):
    """B14, B15, B236."""
    request = ask()
    elsewhere, other = make.organization(), make.session(make.account("ga", is_global_admin=True))
    unknown = SupportRequestId(uuid7())
    for caller, org in (
        (elsewhere.admin, elsewhere.slug),
        (elsewhere.admin, organization.slug),
        (support_admin, organization.slug),
    ):
        for request_id in (request.request_id, unknown):
            for operation in (approve_support_request, decline_support_request):
                more = {"maximum": MAXIMUM} if operation is approve_support_request else {}
                with pytest.raises(NotFound):
                    database.transact(operation, caller=caller.caller, org=org, request_id=request_id, **more)
    for caller, org in ((other, organization.slug), (support_admin, elsewhere.slug)):
        for request_id in (request.request_id, unknown):
            with pytest.raises(NotFound) as refused:
                database.transact(
                    withdraw_support_request, caller=caller.caller, org=org, request_id=request_id
                )
            assert refused.value.what == "support_request"
    with pytest.raises(Forbidden):
        database.transact(
            decline_support_request,
            caller=make.session(make.member(organization)).caller,
            org=organization.slug,
            request_id=request.request_id,
        )


def test_every_step_is_in_the_organizations_trail_with_who_took_it(
    database, facts: Facts, organization, support_admin, ask
):
    withdraw(database, organization, support_admin, ask())
    decline(database, organization, ask())
    approve(database, organization, ask())
    rows = facts.rows(
        "SELECT type, actor_id, account_id FROM audit_event WHERE type ~ '^support_request' ORDER BY occurred_at"
    )
    asker, admin = str(support_admin.account_id), str(organization.admin.account_id)
    assert [tuple(row.values()) for row in rows] == [
        ("support_request_make", asker, asker),
        ("support_request_withdraw", asker, asker),
        ("support_request_make", asker, asker),
        ("support_request_decline", admin, asker),
        ("support_request_make", asker, asker),
        ("support_request_approve", admin, asker),
    ]


def test_nobody_asks_or_decides_from_within_a_support_session(make, organization, support_admin, ask, db):
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    with pytest.raises(Forbidden):
        ask(support.caller)
    with pytest.raises(Forbidden):
        show_support_doors(db, caller=support.caller, grants=PageRequest(), requests=PageRequest())


def _outcome(result: Callable[[], object]) -> str:
    try:
        return type(result()).__name__
    except CutoffError as refused:
        return type(refused).__name__
