"""Admins: who may see and end what, and that the last Global Admin stays."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.rows import all_rows, one_row
from app.domain.caller import Caller
from app.domain.errors import Conflict, Forbidden, NotFound, Unauthenticated
from app.domain.ids import AccountId, SessionId
from app.domain.paging import PageRequest
from app.operations.create_api_token import create_api_token
from app.operations.delete_account import delete_account
from app.operations.end_account_session import end_account_session
from app.operations.end_all_account_sessions import end_all_account_sessions
from app.operations.identify import identify
from app.operations.list_account_api_tokens import list_account_api_tokens
from app.operations.list_account_sessions import list_account_sessions
from app.operations.list_accounts import list_accounts
from app.operations.open_support_session import open_support_session
from app.operations.read_account import read_account
from app.operations.revoke_all_account_tokens import revoke_all_account_tokens
from app.operations.suspend_account import suspend_account
from app.operations.unsuspend_account import unsuspend_account
from tests.builders import ADDRESS, FIREFOX, Builders, MadeSession
from tests.closure_rows import closures
from tests.lock_waits import wait_until_somebody_waits_for_a_lock

Act: TypeAlias = Callable[[Connection, Caller, MadeSession], Any]

BY_ANY_ADMIN: dict[str, Act] = {
    "list sessions": lambda db, c, s: list_account_sessions(
        db, caller=c, account_id=s.account_id, page=PageRequest()
    ),
    "read": lambda db, c, s: read_account(db, caller=c, account_id=s.account_id),
    "end one": lambda db, c, s: end_account_session(db, caller=c, session_id=s.session_id),
    "end all": lambda db, c, s: end_all_account_sessions(db, caller=c, account_id=s.account_id),
}
BY_GLOBAL_ADMINS: dict[str, Act] = {
    "list tokens": lambda db, c, s: list_account_api_tokens(
        db, caller=c, account_id=s.account_id, page=PageRequest()
    ),
    "revoke tokens": lambda db, c, s: revoke_all_account_tokens(db, caller=c, account_id=s.account_id),
    "suspend": lambda db, c, s: suspend_account(db, caller=c, account_id=s.account_id),
    "unsuspend": lambda db, c, s: unsuspend_account(db, caller=c, account_id=s.account_id),
    "delete": lambda db, c, s: delete_account(db, caller=c, account_id=s.account_id),
}
EVERYTHING = BY_ANY_ADMIN | BY_GLOBAL_ADMINS


def each(acts: dict[str, Act]) -> Any:
    return pytest.mark.parametrize("act", list(acts.values()), ids=list(acts))


def unknown(session: MadeSession) -> MadeSession:
    return replace(session, account_id=AccountId(uuid7()), session_id=SessionId(uuid7()))


@pytest.fixture
def global_admin(make: Builders) -> MadeSession:
    return make.session(make.account("ga", is_global_admin=True))


@each(EVERYTHING)
def test_who_is_no_admin_is_forbidden_and_nothing_changes(make: Builders, db: Connection, act: Act) -> None:
    """B21."""
    with pytest.raises(Forbidden):
        act(db, make.session().caller, make.session())
    assert all_rows(db, "SELECT FROM revocation") == []


@each(BY_GLOBAL_ADMINS)
def test_an_organizations_admin_is_no_global_admin(make: Builders, db: Connection, act: Act) -> None:
    organization = make.organization()
    with pytest.raises(Forbidden):
        act(db, organization.admin.caller, make.session(make.member(organization)))


@each(BY_ANY_ADMIN)
def test_an_organizations_admin_acts_upon_its_members_only(make: Builders, db: Connection, act: Act) -> None:
    organization, other = make.organization(), make.organization()
    assert act(db, organization.admin.caller, make.session(make.member(organization)))
    foreign = make.session(make.member(other))
    for session in (foreign, unknown(foreign)):
        with pytest.raises(NotFound):
            act(db, organization.admin.caller, session)


@each(EVERYTHING)
def test_a_global_admin_acts_upon_anybody_and_unknown_ids_are_unknown(
    make: Builders, db: Connection, global_admin: MadeSession, act: Act
) -> None:
    act(db, global_admin.caller, make.session())
    with pytest.raises(NotFound):
        act(db, global_admin.caller, unknown(global_admin))


@each(EVERYTHING)
def test_a_support_session_administers_nothing(
    make: Builders, db: Connection, global_admin: MadeSession, act: Act
) -> None:
    organization = make.organization()
    make.grant(organization)
    support = make.support_session(organization, global_admin)
    with pytest.raises(Forbidden):
        act(db, support.caller, make.session(make.member(organization)))


def test_a_role_taken_away_in_the_database_counts_at_once(
    make: Builders, database: Database, global_admin: MadeSession
) -> None:
    """The WHERE clause asks, not only the caller that was read a moment ago."""
    victim = make.session()
    with database.session() as db:
        db.exec_driver_sql("UPDATE account SET is_global_admin = false")
    with database.session() as db, pytest.raises(Forbidden):
        end_account_session(db, caller=global_admin.caller, session_id=victim.session_id)


def test_the_request_names_the_admin_and_whose_credential_it_was(
    make: Builders, db: Connection, global_admin: MadeSession
) -> None:
    victim = make.session()
    requested = end_account_session(db, caller=global_admin.caller, session_id=victim.session_id)
    row = one_row(
        db, "SELECT account_id, requested_by FROM revocation WHERE id = %(id)s", id=requested.revocation_id
    )
    assert row == {"account_id": victim.account_id, "requested_by": global_admin.account_id}


def test_an_admin_who_ends_anothers_sessions_keeps_their_own(
    make: Builders, db: Connection, global_admin: MadeSession
) -> None:
    victim = make.session()
    end_all_account_sessions(db, caller=global_admin.caller, account_id=victim.account_id)
    identify(db, token=global_admin.token, address=ADDRESS)
    with pytest.raises(Unauthenticated):
        identify(db, token=victim.token, address=ADDRESS)


@pytest.mark.parametrize(
    ("act", "reason"), [(suspend_account, "account_suspended"), (delete_account, "account_deleted")]
)
def test_shutting_an_account_is_one_closure_for_every_type_and_repeating_it_none(
    make: Builders, db: Connection, global_admin: MadeSession, act: Any, reason: str
) -> None:
    victim = make.session()
    first = act(db, caller=global_admin.caller, account_id=victim.account_id)
    assert first.is_new
    rows = all_rows(db, "SELECT reason, invalidates, revocation_id FROM closure")
    assert [(r["reason"], len(r["invalidates"]), r["revocation_id"]) for r in rows] == [
        (reason, 3, first.revocation_id)
    ]
    with pytest.raises(Unauthenticated) as dead:
        identify(db, token=victim.token, address=ADDRESS)
    assert dead.value.reason == reason
    again = act(db, caller=global_admin.caller, account_id=victim.account_id)
    assert (again.revocation_id, again.is_new) == (first.revocation_id, False)
    assert len(closures(db)) == 1


def test_lifting_a_suspension_is_audited_once_and_lets_a_new_sign_in_work(
    make: Builders, db: Connection, global_admin: MadeSession
) -> None:
    account = make.account()
    session = make.session(account)
    suspend_account(db, caller=global_admin.caller, account_id=account.account_id)
    for _ in range(2):
        unsuspend_account(db, caller=global_admin.caller, account_id=account.account_id)
    db.commit()
    assert len(all_rows(db, "SELECT FROM audit_event WHERE type = 'account_unsuspend'")) == 1
    with pytest.raises(Unauthenticated):
        identify(db, token=session.token, address=ADDRESS)
    identify(db, token=make.session(account).token, address=ADDRESS)


@pytest.mark.parametrize("act", [suspend_account, delete_account])
def test_the_last_global_admin_stays(
    make: Builders, db: Connection, global_admin: MadeSession, act: Any
) -> None:
    with pytest.raises(Conflict) as refused:
        act(db, caller=global_admin.caller, account_id=global_admin.account_id)
    assert refused.value.rule == "last_global_admin"
    assert closures(db) == []
    second = make.account("second", is_global_admin=True)
    assert act(db, caller=global_admin.caller, account_id=second.account_id).is_new
    with pytest.raises(Conflict):
        act(db, caller=global_admin.caller, account_id=global_admin.account_id)


def test_of_two_admins_who_delete_each_other_at_once_one_stays(make: Builders, database: Database) -> None:
    """B43."""
    one = make.session(make.account("one", is_global_admin=True))
    two = make.session(make.account("two", is_global_admin=True))
    refusals: list[str] = []

    def delete_one() -> None:
        try:
            with database.session() as db:
                delete_account(db, caller=two.caller, account_id=one.account_id)
        except Conflict as refused:
            refusals.append(refused.rule)

    with database.session() as first:
        delete_account(first, caller=one.caller, account_id=two.account_id)
        other = threading.Thread(target=delete_one)
        other.start()
        wait_until_somebody_waits_for_a_lock(database)
    other.join(10)
    assert refusals == ["last_global_admin"]


def test_a_token_minted_in_the_moment_of_a_suspension_is_refused_or_dead(
    make: Builders, database: Database, global_admin: MadeSession
) -> None:
    """B48, both orders: the account's lock decides."""
    early, late = make.session(), make.session()
    refusals: list[str] = []

    def mint_late() -> None:
        try:
            with database.session() as db:
                create_api_token(db, caller=late.caller, name="late")
        except Unauthenticated as refused:
            refusals.append(refused.reason)

    with database.session() as suspending:
        suspend_account(suspending, caller=global_admin.caller, account_id=late.account_id)
        waiter = threading.Thread(target=mint_late)
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    assert refusals

    def suspend_early() -> None:
        with database.session() as db:
            suspend_account(db, caller=global_admin.caller, account_id=early.account_id)

    with database.session() as minting:
        created = create_api_token(minting, caller=early.caller, name="early")
        waiter = threading.Thread(target=suspend_early)
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    with database.session() as db, pytest.raises(Unauthenticated) as dead:
        identify(db, token=created.token, address=ADDRESS)
    assert dead.value.reason == "account_suspended"


def test_a_support_session_opened_in_the_moment_of_a_suspension_is_refused_or_dead(
    make: Builders, database: Database, global_admin: MadeSession
) -> None:
    """B48, both orders."""
    organization = make.organization()
    make.grant(organization)
    early, late = (make.session(make.account("ga", is_global_admin=True)) for _ in range(2))
    refusals: list[str] = []

    def suspend(whom: MadeSession) -> None:
        with database.session() as db:
            suspend_account(db, caller=global_admin.caller, account_id=whom.account_id)

    def open_late() -> None:
        try:
            make.support_session(organization, late)
        except Unauthenticated as refused:
            refusals.append(refused.reason)

    with database.session() as suspending:
        suspend_account(suspending, caller=global_admin.caller, account_id=late.account_id)
        waiter = threading.Thread(target=open_late)
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    assert refusals

    with database.session() as opening:
        opened = open_support_session(
            opening,
            caller=early.caller,
            org=organization.slug,
            lifetime=timedelta(hours=1),
            address=ADDRESS,
            user_agent=FIREFOX,
        )
        waiter = threading.Thread(target=suspend, args=(early,))
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    with database.session() as db, pytest.raises(Unauthenticated) as dead:
        identify(db, token=opened.session_token, address=ADDRESS)
    assert dead.value.reason == "account_suspended"


def test_accounts_are_found_by_part_of_address_or_name_within_scope(
    make: Builders, db: Connection, global_admin: MadeSession
) -> None:
    organization = make.organization()
    member = make.member(organization)
    make.account("Zoe_100%")

    def found(caller: Caller, search: str) -> list[str]:
        return [
            row.email for row in list_accounts(db, caller=caller, search=search, page=PageRequest()).items
        ]

    assert len(found(global_admin.caller, "ZOE_100%")) == 1
    assert found(global_admin.caller, "zoe%100") == [], "a percent sign is a percent sign"
    assert member.email in found(organization.admin.caller, "")
    assert found(organization.admin.caller, "zoe") == []
    with pytest.raises(Forbidden):
        list_accounts(db, caller=make.session().caller, page=PageRequest())


def test_accounts_come_in_pages_without_gap_or_double(
    make: Builders, db: Connection, global_admin: MadeSession
) -> None:
    for _ in range(5):
        make.account("paged")
    seen: list[AccountId] = []
    cursor: str | None = None
    while True:
        page = list_accounts(
            db, caller=global_admin.caller, search="paged", page=PageRequest(limit=2, cursor=cursor)
        )
        seen += [row.account_id for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
