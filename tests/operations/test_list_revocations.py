"""Looking for receipts: exactly those that one could read one by one, and of these what was asked for."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from app.data.engine import Database
from app.data.rows import one_row, run
from app.domain.caller import Caller
from app.domain.ids import RevocationId
from app.domain.paging import PageRequest
from app.domain.receipts import ReceiptState
from app.domain.searching import ReceiptSearch
from app.operations.end_account_session import end_account_session
from app.operations.end_own_session import end_own_session
from app.operations.list_revocations import list_revocations
from app.operations.perform import perform
from app.operations.read_receipt import read_receipt
from app.operations.revoke_own_api_token import revoke_own_api_token
from app.operations.revoke_support_grant import revoke_support_grant
from tests.builders import Builders, MadeOrganization, MadeSession
from tests.operations.performing import RecordingPublisher


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


@pytest.fixture
def member(make: Builders, organization: MadeOrganization) -> MadeSession:
    return make.session(make.member(organization))


@pytest.fixture
def by_admin(database: Database, organization: MadeOrganization, member: MadeSession) -> RevocationId:
    """The organization's admin has ended the member's session."""
    with database.session() as db:
        caller = organization.admin.caller
        return end_account_session(db, caller=caller, session_id=member.session_id).revocation_id


@pytest.fixture
def by_stranger(database: Database, make: Builders) -> RevocationId:
    """Somebody without an organization has revoked a token of their own."""
    session = make.session(make.account("stranger"))
    token = make.api_token(session)
    with database.session() as db:
        return revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id).revocation_id


def found(db: Connection, caller: Caller, **asked: Any) -> list[RevocationId]:
    page = list_revocations(db, caller=caller, search=ReceiptSearch(**asked), page=PageRequest())
    return [receipt.revocation_id for receipt in page.items]


def test_people_find_the_receipts_that_concern_them_and_admins_those_in_scope(
    db: Connection,
    make: Builders,
    organization: MadeOrganization,
    member: MadeSession,
    by_admin: RevocationId,
    by_stranger: RevocationId,
):
    assert found(db, organization.admin.caller) == [by_admin]
    assert found(db, member.caller) == [by_admin]
    assert found(db, make.session(make.member(organization)).caller) == []
    assert found(db, make.organization().admin.caller) == []
    assert found(db, make.session(make.account(is_global_admin=True)).caller) == [by_stranger, by_admin]


def test_a_support_session_finds_its_organizations_receipts_only(
    database: Database, make: Builders, organization: MadeOrganization, by_admin: RevocationId
):
    admin = make.session(make.account(is_global_admin=True))
    other_grant = make.grant(organization)
    make.grant(organization)
    support = make.support_session(organization, admin)
    with database.session() as db:
        grant_end = revoke_support_grant(
            db, caller=organization.admin.caller, org=organization.slug, grant_id=other_grant.grant_id
        ).revocation_id
    with database.session() as db:
        assert found(db, support.caller) == [grant_end]
        assert by_admin in found(db, admin.caller)


def test_they_are_searched_by_whom_it_was_who_asked_what_it_was_and_when(
    db: Connection,
    make: Builders,
    organization: MadeOrganization,
    member: MadeSession,
    by_admin: RevocationId,
    by_stranger: RevocationId,
):
    root = make.session(make.account(is_global_admin=True)).caller
    email = one_row(db, "SELECT email FROM account WHERE id = %(id)s", id=member.account_id)
    assert email is not None
    assert found(db, root, account=email["email"].upper()) == [by_admin]
    assert found(db, root, account=str(member.account_id)) == [by_admin]
    assert found(db, root, actor=str(organization.admin.account_id)) == [by_admin]
    assert found(db, root, account="nobody@example.com") == []
    assert found(db, root, kind="token_revoke") == [by_stranger]
    assert found(db, root, source="request") == [by_stranger, by_admin]
    assert found(db, root, source="expiry") == []
    run(
        db,
        "UPDATE revocation SET requested_at = requested_at - interval '1 day' WHERE id = %(id)s",
        id=by_admin,
    )
    yesterday = make.now() - timedelta(hours=1)
    assert found(db, root, until=yesterday) == [by_admin]
    assert found(db, root, since=yesterday) == [by_stranger]


def test_the_state_that_is_asked_for_is_the_one_that_the_receipt_says(
    database: Database, make: Builders, publisher: RecordingPublisher, by_admin: RevocationId
):
    root = make.session(make.account(is_global_admin=True)).caller

    def says(expected: ReceiptState) -> None:
        with database.session() as db:
            for state in ReceiptState:
                assert found(db, root, state=state) == ([by_admin] if state is expected else []), state
            page = list_revocations(db, caller=root, page=PageRequest())
            assert [receipt.state for receipt in page.items] == [expected]

    says(ReceiptState.REQUESTED)
    perform(database, publisher, by_admin)
    says(ReceiptState.PERFORMED)
    with database.session() as db:
        run(db, "UPDATE revocation SET completed_at = clock_timestamp()")
    says(ReceiptState.COMPLETE)
    with database.session() as db:
        run(db, "UPDATE revocation SET confirmed_at = clock_timestamp()")
    says(ReceiptState.CONFIRMED)


def test_a_receipt_in_the_list_is_the_receipt_itself_with_its_nodes(
    database: Database, publisher: RecordingPublisher, member: MadeSession, by_admin: RevocationId
):
    perform(database, publisher, by_admin)
    with database.session() as db:
        run(
            db,
            """
            INSERT INTO receipt_node (revocation_id, node_id, node_name, clean, slowest)
            SELECT %(id)s, gen_random_uuid(), name, 2, '3 ms' FROM (VALUES ('n2'), ('n1')) AS node (name)
            """,
            id=by_admin,
        )
        alone = read_receipt(db, member.caller, revocation_id=by_admin)
        (listed,) = list_revocations(db, caller=member.caller, page=PageRequest()).items
    assert listed == alone
    assert ([node.name for node in listed.nodes], listed.closed, listed.slowest_ms) == (["n1", "n2"], 4, 3.0)


def test_an_address_that_one_may_not_know_finds_nothing(
    database: Database, make: Builders, member: MadeSession
):
    """Else a member could find out, by guessing, who ended their session."""
    root = make.account("root", is_global_admin=True)
    admin = make.session(root)
    with database.session() as db:
        ended = end_account_session(db, caller=admin.caller, session_id=member.session_id).revocation_id
    with database.session() as db:
        assert found(db, member.caller, actor=str(root.account_id)) == [ended]
        assert found(db, member.caller, actor=root.email) == []


def test_they_come_in_pages_newest_first(database: Database, make: Builders):
    account = make.account()
    session = make.session(account)
    ended = []
    for _ in range(5):
        with database.session() as db:
            other = make.session(account)
            ended.append(
                end_own_session(db, caller=session.caller, session_id=other.session_id).revocation_id
            )
    seen: list[RevocationId] = []
    cursor: str | None = None
    while True:
        with database.session() as db:
            page = list_revocations(db, caller=session.caller, page=PageRequest(limit=2, cursor=cursor))
        seen += [receipt.revocation_id for receipt in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ended[::-1]
