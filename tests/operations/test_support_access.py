"""Section 17 of BEHAVIOURS, as far as rows go."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.rows import all_rows, one_row, run
from app.data.session_repository import SessionRepository
from app.domain.credentials import CredentialType
from app.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.domain.ids import AccountId, GrantId
from app.domain.paging import PageRequest
from app.domain.revocation_request import Requested
from app.operations.authorize_org_message import OrgAccess, authorize_org_message
from app.operations.identify import identify
from app.operations.list_audit_events import list_audit_events
from app.operations.list_support_grants import list_support_grants
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.save_support_grant import save_support_grant
from app.operations.set_role import set_role
from app.operations.update_support_grant import update_support_grant
from tests.builders import ADDRESS, Builders, MadeOrganization, MadeSession
from tests.closure_rows import closures
from tests.lock_waits import wait_until_somebody_waits_for_a_lock

MAXIMUM = timedelta(days=30)


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


@pytest.fixture
def support_admin(make: Builders) -> MadeSession:
    return make.session(make.account("ga", is_global_admin=True))


def update(
    db: Connection, organization: MadeOrganization, grant_id: GrantId, expires_at: datetime
) -> datetime:
    return update_support_grant(
        db,
        caller=organization.admin.caller,
        org=organization.slug,
        grant_id=grant_id,
        expires_at=expires_at,
        maximum=MAXIMUM,
    ).expires_at


def send(db: Connection, session: MadeSession, org: str, *, write: bool = False) -> OrgAccess:
    grant = session.caller.grant
    return authorize_org_message(
        db,
        account_id=session.account_id,
        session_id=session.session_id,
        grant_id=None if grant is None else grant.grant_id,
        credential_type=CredentialType.SESSION,
        org=org,
        wants_write=write,
        address=ADDRESS,
    )


# Saving, extending, shortening ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "rule"),
    [
        (timedelta(0), "not_in_the_future"),
        (-timedelta(days=1), "not_in_the_future"),
        (timedelta(days=31), "beyond_the_maximum"),
    ],
)
def test_a_grant_ends_in_the_future_and_not_too_late(
    make: Builders, db: Connection, organization: MadeOrganization, offset: timedelta, rule: str
) -> None:
    """B224."""
    with pytest.raises(Invalid) as refused:
        make.grant(organization, lifetime=offset)
    assert refused.value.rule == rule


def test_a_time_without_zone_is_refused(db: Connection, organization: MadeOrganization) -> None:
    """B224."""
    with pytest.raises(Invalid) as refused:
        save_support_grant(
            db,
            caller=organization.admin.caller,
            org=organization.slug,
            expires_at=datetime(2030, 1, 1),  # noqa: DTZ001
            reason="x",
            maximum=timedelta(days=9999),
        )
    assert refused.value.rule == "has_no_time_zone"


def test_a_grant_is_stored_in_utc_and_names_who_gave_it(
    make: Builders, organization: MadeOrganization
) -> None:
    """B224."""
    grant = make.grant(organization)
    assert grant.expires_at.utcoffset() == timedelta(0)
    assert (grant.granted_by, grant.is_usable, grant.use_count) == (organization.admin.account_id, True, 0)


@pytest.mark.parametrize("named", [AccountId(uuid7()), None])
def test_only_a_global_admin_can_be_named(
    make: Builders, db: Connection, organization: MadeOrganization, named: AccountId | None
) -> None:
    with pytest.raises(Invalid) as refused:
        save_support_grant(
            db,
            caller=organization.admin.caller,
            org=organization.slug,
            expires_at=make.now() + timedelta(hours=1),
            reason="x",
            admin_account_id=named or organization.admin.account_id,
            maximum=MAXIMUM,
        )
    assert refused.value.field == "admin_account_id"


def test_a_member_may_not_and_to_others_there_is_no_such_organization(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    grant = make.grant(organization)
    member, stranger = make.session(make.member(organization)), make.organization().admin
    for caller, refusal in ((member, Forbidden), (stranger, NotFound), (support_admin, NotFound)):
        as_caller = replace(organization, admin=caller)
        with pytest.raises(refusal):
            make.grant(as_caller)
        with pytest.raises(refusal):
            update(db, as_caller, grant.grant_id, make.now() + timedelta(hours=2))
        with pytest.raises(refusal):
            revoke_support_grant(db, caller=caller.caller, org=organization.slug, grant_id=grant.grant_id)


def test_a_grant_of_another_organization_is_unknown(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    """B236."""
    foreign = make.grant(make.organization())
    for grant_id in (foreign.grant_id, GrantId(uuid7())):
        with pytest.raises(NotFound):
            update(db, organization, grant_id, make.now() + timedelta(hours=2))
        with pytest.raises(NotFound):
            revoke_support_grant(
                db, caller=organization.admin.caller, org=organization.slug, grant_id=grant_id
            )
    assert all_rows(db, "SELECT FROM revocation") == []


def test_extending_and_shortening_have_the_sockets_read_again(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    """B231, B232."""
    grant = make.grant(organization)
    for hours in (5, 1):
        end = datetime.now(UTC) + timedelta(hours=hours)
        assert update(db, organization, grant.grant_id, end) == end
    assert [(each.action, each.kind, each.key) for each in closures(db)] == [
        ("recheck", "grant", str(grant.grant_id))
    ] * 2


def test_an_extended_grant_carries_its_sessions_past_the_old_end(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    grant = make.grant(organization, lifetime=timedelta(minutes=5))
    support = make.support_session(organization, support_admin)
    update(db, organization, grant.grant_id, make.now() + timedelta(days=1))
    row = one_row(
        db, "SELECT expires_at - issued_at AS own FROM session WHERE id = %(id)s", id=support.session_id
    )
    assert row == {"own": timedelta(hours=1)}


@pytest.mark.parametrize(
    "end", ["revoked_at = now()", "expires_at = now()", "expires_at = now(), expired_at = now()"]
)
def test_a_grant_that_is_over_is_not_extended_and_gives_way_to_a_new_one(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession, end: str
) -> None:
    """B235."""
    grant = make.grant(organization)
    run(db, f"UPDATE support_access_grant SET {end}")
    with pytest.raises(Conflict):
        update(db, organization, grant.grant_id, make.now() + timedelta(hours=2))
    db.commit()
    new = make.grant(organization)
    support = make.support_session(organization, support_admin)
    assert support.caller.grant is not None
    assert support.caller.grant.grant_id == new.grant_id


# Who may use it -------------------------------------------------------------------------------------------------


def test_the_named_admin_may_and_another_may_not_unless_nobody_is_named(
    make: Builders, organization: MadeOrganization
) -> None:
    """B225."""
    named_account, other_account = (make.account("ga", is_global_admin=True) for _ in range(2))
    named, other = make.session(named_account), make.session(other_account)
    make.grant(organization, to=named_account)
    make.support_session(organization, named)
    with pytest.raises(NotFound):
        make.support_session(organization, other)
    make.grant(organization)
    make.support_session(organization, other)


def test_who_is_no_global_admin_opens_nothing(make: Builders, organization: MadeOrganization) -> None:
    make.grant(organization)
    with pytest.raises(Forbidden):
        make.support_session(organization, organization.admin)


def test_a_support_session_or_token_opens_no_support_session(
    make: Builders, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    token = make.api_token(support_admin)
    for caller in (support.caller, token.caller):
        with pytest.raises(Forbidden):
            make.support_session(organization, replace(support_admin, caller=caller))


def test_without_a_usable_grant_every_organization_is_unknown(
    make: Builders, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    for slug in (organization.slug, "no-such", str(uuid7())):
        with pytest.raises(NotFound) as refused:
            make.support_session(replace(organization, slug=slug), support_admin)
        assert refused.value.what == "support_grant"


def test_a_global_admin_sees_the_grants_that_they_may_use(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    mine, other = (make.account("ga", is_global_admin=True) for _ in range(2))
    named, anybody = make.grant(organization, to=mine), make.grant(organization)
    make.grant(organization, to=other)
    page = list_support_grants(
        db, caller=make.session(mine).caller, org=organization.slug, page=PageRequest()
    )
    assert [grant.grant_id for grant in page.items] == [anybody.grant_id, named.grant_id]
    everything = list_support_grants(
        db, caller=organization.admin.caller, org=str(organization.org_id), page=PageRequest()
    )
    assert len(everything.items) == 3


# Its end --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("expires_at = clock_timestamp()", "support_access_ended"),
        ("revoked_at = clock_timestamp()", "support_access_revoked"),
    ],
)
def test_when_it_is_over_every_query_denies_access(
    make: Builders,
    db: Connection,
    organization: MadeOrganization,
    support_admin: MadeSession,
    end: str,
    reason: str,
) -> None:
    """B226."""
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    run(db, f"UPDATE support_access_grant SET {end}")
    with pytest.raises(Unauthenticated) as dead:
        identify(db, token=support.token, address=ADDRESS)
    assert dead.value.reason == reason
    with pytest.raises(NotFound):
        send(db, support, organization.slug)
    identify(db, token=support_admin.token, address=ADDRESS)  # the admin\'s own session stays
    sessions = SessionRepository(db).find_active_sessions_by_user(support_admin.account_id, PageRequest())
    assert [each.session_id for each in sessions.items] == [support_admin.session_id]


def test_revoking_ends_grant_and_sessions_in_one_transaction_and_names_who(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B229, B230."""
    grant = make.grant(organization)
    support = make.support_session(organization, support_admin)
    repository = SessionRepository(db)
    assert repository.revoke_support_access_grant(grant.grant_id, by=organization.admin.account_id)
    assert not repository.revoke_support_access_grant(grant.grant_id, by=organization.admin.account_id)
    stored = repository.find_support_access_grant(grant.grant_id)
    assert stored is not None
    assert stored.revoked_by == organization.admin.account_id
    assert [each.key for each in closures(db)] == [support.token_hash]
    assert repository.expire_due_support_access_grants(10) == 0


def test_a_request_to_revoke_is_one_revocation_however_often(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    grant = make.grant(organization)

    def ask() -> Requested:
        return revoke_support_grant(
            db, caller=organization.admin.caller, org=organization.slug, grant_id=grant.grant_id
        )

    first = ask()
    assert first.is_new
    assert ask() == replace(first, is_new=False)
    SessionRepository(db).revoke_support_access_grant(grant.grant_id, by=None)
    run(db, "UPDATE revocation SET performed_at = now()")
    assert ask() == replace(first, is_new=False)


def test_revoking_what_has_expired_succeeds_and_ends_nothing(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    grant = make.grant(organization)
    run(db, "UPDATE support_access_grant SET expires_at = clock_timestamp()")
    assert not SessionRepository(db).revoke_support_access_grant(grant.grant_id, by=None)
    requested = revoke_support_grant(
        db, caller=organization.admin.caller, org=organization.slug, grant_id=grant.grant_id
    )
    assert not requested.is_new


def test_due_grants_expire_once_with_their_sessions(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    grant = make.grant(organization)
    make.grant(organization)
    support = make.support_session(organization, support_admin, grant_id=grant.grant_id)
    run(
        db,
        "UPDATE support_access_grant SET expires_at = clock_timestamp() WHERE id = %(id)s",
        id=grant.grant_id,
    )
    repository = SessionRepository(db)
    assert repository.find_due_support_access_grants(10) == (grant.grant_id,)
    assert repository.expire_due_support_access_grants(10) == 1
    assert repository.expire_due_support_access_grants(10) == 0
    assert [(each.key, each.reason) for each in closures(db, of_action="close")] == [
        (support.token_hash, "support_access_ended")
    ]


def test_of_two_sweeps_at_once_each_leaves_the_others_grants_alone(
    make: Builders, database: Database, organization: MadeOrganization
) -> None:
    make.grant(organization)
    with database.session() as db:
        run(db, "UPDATE support_access_grant SET expires_at = clock_timestamp()")
    with database.session() as one, database.session() as other:
        assert SessionRepository(one).expire_due_support_access_grants(10) == 1
        assert SessionRepository(other).expire_due_support_access_grants(10) == 0


def test_revoked_and_expired_at_once_is_one_final_state(
    make: Builders, database: Database, organization: MadeOrganization
) -> None:
    """B234."""
    grant = make.grant(organization, lifetime=timedelta(milliseconds=300))
    answers: list[bool] = []

    def revoke() -> None:
        with database.session() as db:
            answers.append(SessionRepository(db).revoke_support_access_grant(grant.grant_id, by=None))

    with database.session() as db:
        run(db, "SELECT pg_sleep(0.4)")
        assert SessionRepository(db).expire_due_support_access_grants(10) == 1
        waiter = threading.Thread(target=revoke)
        waiter.start()
        waiter.join(0.2)
    waiter.join(10)
    assert answers == [False]
    with database.session() as db:
        assert one_row(db, "SELECT revoked_at FROM support_access_grant") == {"revoked_at": None}


def test_an_opening_that_waits_for_the_end_of_its_grant_is_refused(
    make: Builders, database: Database, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B237."""
    grant = make.grant(organization)
    refusals: list[str] = []

    def open_one() -> None:
        try:
            make.support_session(organization, support_admin)
        except NotFound as refused:
            refusals.append(refused.what)

    with database.session() as ending:
        SessionRepository(ending).revoke_support_access_grant(grant.grant_id, by=None)
        waiter = threading.Thread(target=open_one)
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    assert refusals == ["support_grant"]


def test_the_support_session_alone_can_end_and_the_grant_stays_usable(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B240."""
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    SessionRepository(db).terminate_session(support.session_id)
    db.commit()
    make.support_session(organization, support_admin)


@pytest.mark.parametrize("column", ["suspended_at", "deleted_at"])
def test_when_the_admins_account_ends_the_grant_stays_and_admits_them_no_more(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession, column: str
) -> None:
    """B239."""
    grant = make.grant(organization)
    support = make.support_session(organization, support_admin)
    run(db, f"UPDATE account SET {column} = now() WHERE id = %(id)s", id=support_admin.account_id)
    db.commit()
    with pytest.raises(NotFound):
        send(db, support, organization.slug)
    with pytest.raises(Unauthenticated):
        make.support_session(organization, support_admin)
    stored = SessionRepository(db).find_support_access_grant(grant.grant_id)
    assert stored is not None
    assert stored.is_usable


def test_when_the_grantors_account_ends_the_grant_lives_to_its_own_end(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B239."""
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    run(db, "DELETE FROM account WHERE id = %(id)s", id=organization.admin.account_id)
    assert send(db, support, organization.slug).role == "support"


# Messages that touch an organization --------------------------------------------------------------------------------


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
